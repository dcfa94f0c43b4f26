package io.sparklora.dataprep.filter;

/** Kinds of white space. */
final class Characters {
    /** Unicode's white space and the four separators U+001C to U+001F: what Python's {@code str.isspace} takes for it. */
    private static final String SPACES =
            "\t\n\u000B\f\r\u001C\u001D\u001E\u001F \u0085\u00A0\u1680\u2000\u2001\u2002\u2003\u2004\u2005"
                    + "\u2006\u2007\u2008\u2009\u200A\u2028\u2029\u202F\u205F\u3000";

    /** What breaks a line, of the kinds that Python's {@code str.splitlines} knows, but for a pair of two. */
    private static final String LINE_BREAKS = "\n\u000B\f\r\u001C\u001D\u001E\u0085\u2028\u2029";

    private Characters() {}

    static boolean isSpace(int codePoint) {
        return SPACES.indexOf(codePoint) >= 0;
    }

    static boolean isLineBreak(int codePoint) {
        return LINE_BREAKS.indexOf(codePoint) >= 0;
    }
}
