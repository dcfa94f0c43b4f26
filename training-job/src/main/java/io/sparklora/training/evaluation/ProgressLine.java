package io.sparklora.training.evaluation;

import java.io.PrintStream;

/**
 * How far the evaluation is, for a person: one line that is written over on a terminal, and elsewhere a line a tenth.
 * Thread-safe.
 */
final class ProgressLine implements AutoCloseable {
    private static final int LINES_ELSEWHERE = 10;

    private final PrintStream out;
    private final long total;
    private final boolean terminal = System.console() != null;
    private long shown;

    /** @param total losses to compute, one a micro-batch and model */
    ProgressLine(PrintStream out, long total) {
        this.out = out;
        this.total = total;
    }

    /** Shows how many losses are computed. */
    synchronized void computed(long losses) {
        boolean due = terminal || losses * LINES_ELSEWHERE / total > shown * LINES_ELSEWHERE / total;
        if (losses > shown && losses <= total && due) {
            shown = losses;
            String line = "evaluate  batch " + losses + "/" + total;
            if (terminal) {
                out.print("\r" + line);
            } else {
                out.println(line);
            }
            out.flush();
        }
    }

    /** Ends the line. */
    @Override
    public synchronized void close() {
        if (terminal && shown > 0) {
            out.println();
        }
    }
}
