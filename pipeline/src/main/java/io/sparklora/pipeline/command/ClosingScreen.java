package io.sparklora.pipeline.command;

import io.sparklora.pipeline.run.StageResult.Summary;
import java.util.ArrayList;
import java.util.List;

/** The last lines of a run: one a stage, in columns, and what to try next. */
final class ClosingScreen {
    private static final int VERB_WIDTH = 11;
    private static final int GAP = 3;

    private ClosingScreen() {}

    /** The lines; an outcome starts in one column, whatever the length of the details before it. */
    static List<String> lines(List<Summary> summaries) {
        int width = summaries.stream()
                .filter(summary -> !summary.outcome().isEmpty())
                .mapToInt(summary -> summary.detail().length() + GAP)
                .max()
                .orElse(0);
        List<String> lines = new ArrayList<>();
        for (Summary summary : summaries) {
            String line = padded(summary.verb(), VERB_WIDTH)
                    + (summary.outcome().isEmpty()
                            ? summary.detail()
                            : padded(summary.detail(), width) + summary.outcome());
            lines.add(line.stripTrailing());
        }
        return lines;
    }

    /** The line that shows how to use what was published. */
    static Summary tryIt(String command, String directory, String prompt) {
        return new Summary(
                "try it",
                command + " generate " + ShellWords.quoted(directory) + " --prompt " + ShellWords.doubleQuoted(prompt),
                "");
    }

    private static String padded(String text, int width) {
        return text + " ".repeat(Math.max(0, width - text.length()));
    }
}
