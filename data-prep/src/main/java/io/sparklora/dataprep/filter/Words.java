package io.sparklora.dataprep.filter;

import java.util.Arrays;

/**
 * A text's words. A word is
 *
 * <ul>
 *   <li>a longest run of letters, marks and numbers (Unicode categories L, M and N), or
 *   <li>a longest run of one and the same other character that is no white space: {@code ...} and {@code ----} are one
 *       word each, {@code ").} are three.
 * </ul>
 *
 * <p>White space is {@link Characters#isSpace}; every other character belongs to exactly one word. The rule needs
 * no dictionary and no language. Offsets are in UTF-16 code units, all lengths that a filter measures are in code points.
 * Immutable.
 */
final class Words {
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
            if (CharacterKinds.is(codePoint, CharacterKinds.PART_OF_WORD)) {
                next = words.endOfParts(next);
                words.add(from, next);
            } else if (!CharacterKinds.is(codePoint, CharacterKinds.SPACE)) {
                next = words.endOfRun(codePoint, next);
                words.add(from, next);
            }
            from = next;
        }
        return words;
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

    /**
     * Whether a word has a character of a kind.
     *
     * @param kind one of {@link CharacterKinds}
     */
    boolean has(int word, int kind) {
        int at = start(word);
        while (at < end(word)) {
            int codePoint = text.codePointAt(at);
            if (CharacterKinds.is(codePoint, kind)) {
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
            if (!CharacterKinds.is(codePoint, CharacterKinds.PART_OF_WORD)) {
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
}
