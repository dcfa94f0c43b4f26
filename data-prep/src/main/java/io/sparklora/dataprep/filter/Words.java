package io.sparklora.dataprep.filter;

import java.util.Arrays;
import java.util.function.IntPredicate;

/**
 * A text's words. A word is
 *
 * <ul>
 *   <li>a longest run of letters, marks and numbers (Unicode categories L, M and N), or
 *   <li>a longest run of one and the same other character that is no white space: {@code ...} and {@code ----} are one
 *       word each, {@code ").} are three.
 * </ul>
 *
 * <p>White space is what {@link Characters#SPACES} lists; every other character belongs to exactly one word. The rule needs
 * no dictionary and no language. Categories are those of the JVM's Unicode version. Offsets are in UTF-16 code units, all
 * lengths that a filter measures are in code points. Immutable.
 */
final class Words {
    private static final int LETTERS = (1 << Character.UPPERCASE_LETTER)
            | (1 << Character.LOWERCASE_LETTER)
            | (1 << Character.TITLECASE_LETTER)
            | (1 << Character.MODIFIER_LETTER)
            | (1 << Character.OTHER_LETTER);
    private static final int PARTS_OF_WORDS = LETTERS
            | (1 << Character.NON_SPACING_MARK)
            | (1 << Character.ENCLOSING_MARK)
            | (1 << Character.COMBINING_SPACING_MARK)
            | (1 << Character.DECIMAL_DIGIT_NUMBER)
            | (1 << Character.LETTER_NUMBER)
            | (1 << Character.OTHER_NUMBER);
    private static final int CHARACTERS_OF_WORD = 4;

    private final String text;
    private int[] bounds;
    private int count;

    private Words(String text) {
        this.text = text;
        this.bounds = new int[2 * (text.length() / CHARACTERS_OF_WORD + 2)];
    }

    /** Splits a text. */
    static Words of(String text) {
        Words words = new Words(text);
        int from = 0;
        while (from < text.length()) {
            int codePoint = text.codePointAt(from);
            int next = from + Character.charCount(codePoint);
            if (isPart(codePoint)) {
                next = words.endOfParts(next);
                words.add(from, next);
            } else if (!Characters.isSpace(codePoint)) {
                next = words.endOfRun(codePoint, next);
                words.add(from, next);
            }
            from = next;
        }
        return words;
    }

    /** Whether a character has category L, as Python's {@code str.isalpha} sees it. */
    static boolean isLetter(int codePoint) {
        return ((LETTERS >> Character.getType(codePoint)) & 1) != 0;
    }

    int count() {
        return count;
    }

    String text() {
        return text;
    }

    int start(int word) {
        return bounds[2 * word];
    }

    int end(int word) {
        return bounds[2 * word + 1];
    }

    /** A word's length in code points. */
    int codePoints(int word) {
        return text.codePointCount(start(word), end(word));
    }

    /** Whether a word has a character for which the condition holds. */
    boolean hasMatch(int word, IntPredicate condition) {
        int at = start(word);
        while (at < end(word)) {
            int codePoint = text.codePointAt(at);
            if (condition.test(codePoint)) {
                return true;
            }
            at += Character.charCount(codePoint);
        }
        return false;
    }

    /** Whether a word is spelled like this, to the case. */
    boolean is(int word, String spelling) {
        return end(word) - start(word) == spelling.length() && text.startsWith(spelling, start(word));
    }

    private void add(int start, int end) {
        if (2 * count == bounds.length) {
            bounds = Arrays.copyOf(bounds, 2 * bounds.length);
        }
        bounds[2 * count] = start;
        bounds[2 * count + 1] = end;
        count++;
    }

    private int endOfParts(int from) {
        int at = from;
        while (at < text.length()) {
            int codePoint = text.codePointAt(at);
            if (!isPart(codePoint)) {
                return at;
            }
            at += Character.charCount(codePoint);
        }
        return at;
    }

    private int endOfRun(int codePoint, int from) {
        int at = from;
        while (at < text.length() && text.codePointAt(at) == codePoint) {
            at += Character.charCount(codePoint);
        }
        return at;
    }

    private static boolean isPart(int codePoint) {
        return ((PARTS_OF_WORDS >> Character.getType(codePoint)) & 1) != 0;
    }
}
