package io.sparklora.training.job;

import java.util.Locale;

/**
 * A rank that the others wait for.
 *
 * @param rank the rank
 * @param executor id of its executor
 * @param host where that runs
 * @param seconds that it takes for a micro-batch, a mean over some steps
 * @param medianSeconds what the median rank takes
 */
public record Straggler(int rank, String executor, String host, double seconds, double medianSeconds) {
    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "rank %d (executor %s%s) takes %.3f s a micro-batch where the median rank takes %.3f s: the others wait for it",
                rank,
                executor,
                host.isEmpty() ? "" : " on " + host,
                seconds,
                medianSeconds);
    }
}
