package io.sparklora.dataprep.filter;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Lines of a text, and what stands at their ends. White space is {@link Characters#isSpace}. */
final class Lines {
    private Lines() {}

    /** The lines between {@link Characters#isLineBreak}s, a pair of two being one; a break at the end starts no line. */
    static List<String> of(String text) {
        List<String> lines = new ArrayList<>();
        int start = 0;
        for (int at = 0; at < text.length(); at++) {
            if (CharacterKinds.is(text.charAt(at), CharacterKinds.LINE_BREAK)) {
                lines.add(text.substring(start, at));
                at += text.startsWith("\r\n", at) ? 1 : 0;
                start = at + 1;
            }
        }
        if (start < text.length()) {
            lines.add(text.substring(start));
        }
        return lines;
    }

    /**
     * The parts between runs of line feeds; never empty, and with empty parts where a text starts or ends with a run.
     *
     * @param feeds how many line feeds part at least, from 1; fewer belong to a part
     */
    static List<String> between(String text, int feeds) {
        List<String> parts = new ArrayList<>();
        int start = 0;
        int feed = text.indexOf('\n');
        while (feed >= 0) {
            int end = feed;
            while (end < text.length() && text.charAt(end) == '\n') {
                end++;
            }
            if (end - feed >= feeds) {
                parts.add(text.substring(start, feed));
                start = end;
            }
            feed = text.indexOf('\n', end);
        }
        parts.add(text.substring(start));
        return parts;
    }

    /** A text without the white space before and after it. */
    static String trimmed(String text) {
        return trimmedStart(trimmedEnd(text));
    }

    /** A text without the white space before it. */
    static String trimmedStart(String text) {
        int start = 0;
        while (start < text.length() && CharacterKinds.is(text.charAt(start), CharacterKinds.SPACE)) {
            start++;
        }
        return text.substring(start);
    }

    /** A text without the white space after it. */
    static String trimmedEnd(String text) {
        int end = text.length();
        while (end > 0 && CharacterKinds.is(text.charAt(end - 1), CharacterKinds.SPACE)) {
            end--;
        }
        return text.substring(0, end);
    }

    /** The share of lines for which the condition holds; null where there are no lines. */
    static @Nullable Double share(List<String> lines, Predicate<String> condition) {
        return Measures.ratio(lines.stream().filter(condition).count(), lines.size());
    }

    /** Length in code points. */
    static int codePoints(String text) {
        return text.codePointCount(0, text.length());
    }
}
