package io.sparklora.dataprep.duplicate;

import java.util.Arrays;

/**
 * The words of a text as 64-bit hashes, in their order. A word is a run of letters, digits and combining marks in lower
 * case; whatever else stands between words does not count. In scripts that write no spaces (Han, Kana, Thai, Lao, Khmer,
 * Burmese) each character is a word.
 */
final class Words {
    private static final long START = 0x9E3779B97F4A7C15L;
    private static final long STEP = 0x100000001B3L;
    private static final int CHARACTERS_OF_WORD = 5;
    private static final int FIRST_UNSPACED = 0x0E00;
    private static final int WORD_TYPES = bits(
            Character.UPPERCASE_LETTER,
            Character.LOWERCASE_LETTER,
            Character.TITLECASE_LETTER,
            Character.MODIFIER_LETTER,
            Character.OTHER_LETTER,
            Character.NON_SPACING_MARK,
            Character.COMBINING_SPACING_MARK,
            Character.ENCLOSING_MARK,
            Character.DECIMAL_DIGIT_NUMBER,
            Character.LETTER_NUMBER,
            Character.OTHER_NUMBER);
    private static final char[] LOWER_CASE = lowerCase();

    private long[] hashes;
    private int count;

    private Words(int characters) {
        this.hashes = new long[characters / CHARACTERS_OF_WORD + 1];
    }

    static long[] of(String text) {
        Words words = new Words(text.length());
        words.read(text);
        return Arrays.copyOf(words.hashes, words.count);
    }

    private void read(String text) {
        long hash = START;
        int at = 0;
        while (at < text.length()) {
            int point = text.codePointAt(at);
            at += Character.charCount(point);
            int letter = point < LOWER_CASE.length ? LOWER_CASE[point] : letter(point);
            boolean isWord = letter >= FIRST_UNSPACED && isUnspaced(letter);
            if (letter == 0 || isWord) {
                end(hash);
                hash = START;
            }
            if (letter != 0) {
                hash = (hash ^ letter) * STEP;
            }
            if (isWord) {
                end(hash);
                hash = START;
            }
        }
        end(hash);
    }

    private void end(long hash) {
        if (hash != START) {
            if (count == hashes.length) {
                hashes = Arrays.copyOf(hashes, count * 2 + 1);
            }
            hashes[count++] = Mixing.of(hash);
        }
    }

    /** The lower-case letter, or 0 for what is no part of a word. */
    private static int letter(int point) {
        return (WORD_TYPES >>> Character.getType(point) & 1) == 1 ? Character.toLowerCase(point) : 0;
    }

    private static boolean isUnspaced(int point) {
        if (Character.isIdeographic(point)) {
            return true;
        }
        return switch (Character.UnicodeScript.of(point)) {
            case HIRAGANA, KATAKANA, THAI, LAO, KHMER, MYANMAR -> true;
            default -> false;
        };
    }

    private static char[] lowerCase() {
        char[] letters = new char[128];
        for (char c = 0; c < letters.length; c++) {
            letters[c] = (char) letter(c);
        }
        return letters;
    }

    private static int bits(byte... types) {
        int bits = 0;
        for (byte type : types) {
            bits |= 1 << type;
        }
        return bits;
    }
}
