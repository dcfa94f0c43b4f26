package io.sparklora.dataprep.step;

/**
 * A text with one kind of space and of line break: {@code \n} for every line break, no control characters nor invisible
 * marks, one space for a run of spaces, none at a line's ends, at most one blank line together, none at the text's ends.
 */
final class PlainSpacing {
    private static final byte[] KINDS = kinds();
    private static final byte VISIBLE = 0;
    private static final byte SPACE = 1;
    private static final byte LINE_BREAK = 2;
    private static final byte INVISIBLE = 3;
    private static final int MOST_BREAKS = 2;

    private final StringBuilder plain;
    private boolean isSpacePending;
    private int breaksPending;

    private PlainSpacing(int characters) {
        plain = new StringBuilder(characters);
    }

    /** The text so written. */
    static String of(String text) {
        PlainSpacing spacing = new PlainSpacing(text.length());
        for (int at = 0; at < text.length(); at++) {
            char character = text.charAt(at);
            boolean isSecondOfPair = character == '\n' && at > 0 && text.charAt(at - 1) == '\r';
            if (!isSecondOfPair) {
                spacing.add(character);
            }
        }
        return spacing.plain.toString();
    }

    private void add(char character) {
        switch (KINDS[character]) {
            case SPACE -> isSpacePending = true;
            case LINE_BREAK -> breaksPending++;
            case VISIBLE -> {
                space();
                plain.append(character);
            }
            default -> {}
        }
    }

    /** Writes what stood between the last visible character and the next one. */
    private void space() {
        if (!plain.isEmpty()) {
            if (breaksPending > 0) {
                plain.append("\n".repeat(Math.min(MOST_BREAKS, breaksPending)));
            } else if (isSpacePending) {
                plain.append(' ');
            }
        }
        breaksPending = 0;
        isSpacePending = false;
    }

    private static byte[] kinds() {
        byte[] kinds = new byte[Character.MAX_VALUE + 1];
        mark(kinds, INVISIBLE, "\u0000\u0008\u000E\u001F\u007F\u009F\u00AD\u00AD\u200B\u200B\u2060\u2060\uFEFF\uFEFF");
        mark(kinds, LINE_BREAK, "\n\r\u0085\u0085\u2028\u2029");
        mark(kinds, SPACE, "\t\t  \u00A0\u00A0\u1680\u1680\u2000\u200A\u202F\u202F\u205F\u205F\u3000\u3000");
        return kinds;
    }

    /** Marks ranges, each given by its first and last character. */
    private static void mark(byte[] kinds, byte kind, String ranges) {
        for (int range = 0; range < ranges.length(); range += 2) {
            for (char character = ranges.charAt(range); character <= ranges.charAt(range + 1); character++) {
                kinds[character] = kind;
            }
        }
    }
}
