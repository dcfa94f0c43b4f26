package io.sparklora.dataprep.filter;

import java.util.stream.IntStream;

/** Sets of characters as Spark's functions and regular expressions take them. */
final class Characters {
    /** Unicode's white space and the four separators U+001C to U+001F: what Python's {@code str.isspace} takes for it. */
    static final String SPACES =
            "\t\n\u000B\f\r\u001C\u001D\u001E\u001F \u0085\u00A0\u1680\u2000\u2001\u2002\u2003\u2004\u2005"
                    + "\u2006\u2007\u2008\u2009\u200A\u2028\u2029\u202F\u205F\u3000";

    /** A regular expression's class of {@link #SPACES}; few ranges make it fast. */
    static final String SPACE = "[" + ranges() + "]";

    /** A regular expression's class of those that break no line. */
    static final String SPACE_IN_LINE = "[\t\u001F \u00A0\u1680\u2000-\u200A\u202F\u205F\u3000]";

    /** A regular expression's class of all but white space. */
    static final String VISIBLE = "[^" + ranges() + "]";

    /** What breaks a line, of the kinds that Python's {@code str.splitlines} knows, but for a pair of two. */
    static final String LINE_BREAK = "[\n\u000B\f\r\u001C\u001D\u001E\u0085\u2028\u2029]";

    private static final int DECIMAL = 10;

    /** A regular expression's class of decimal digits of every script, spelled out since the GPU knows no categories. */
    static final String DIGIT = digits();

    private Characters() {}

    private static String ranges() {
        return "\t-\r\u001C- \u0085\u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000";
    }

    static boolean isSpace(int codePoint) {
        return SPACES.indexOf(codePoint) >= 0;
    }

    /** Unicode lays decimal digits out in runs from zero to nine. */
    private static String digits() {
        StringBuilder runs = new StringBuilder("[");
        IntStream.rangeClosed(0, Character.MAX_CODE_POINT - 9)
                .filter(codePoint -> Character.isDigit(codePoint) && Character.digit(codePoint, DECIMAL) == 0)
                .forEach(zero -> runs.appendCodePoint(zero).append('-').appendCodePoint(zero + 9));
        return runs.append(']').toString();
    }
}
