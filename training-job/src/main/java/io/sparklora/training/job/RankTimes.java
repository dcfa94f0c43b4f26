package io.sparklora.training.job;

import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/** Who waited for whom in an attempt: what each rank took for its own micro-batches, a step. Not thread-safe. */
final class RankTimes {
    private double[] sums = {};
    private double stepSeconds;
    private long steps;

    /** Begins another attempt, whose ranks are others. */
    void clear() {
        sums = new double[0];
        stepSeconds = 0;
        steps = 0;
    }

    void add(TimedStep step) {
        int world = step.computeSeconds().size();
        if (sums.length != world) {
            clear();
            sums = new double[world];
        }
        Arrays.setAll(sums, rank -> sums[rank] + step.computeSeconds().get(rank));
        stepSeconds += step.seconds();
        steps++;
    }

    /** Seconds a step, means: of the whole, and of each rank's own computing. None where no step was seen. */
    Map<String, Double> figures() {
        Map<String, Double> figures = new TreeMap<>();
        if (steps > 0) {
            figures.put("seconds_per_step", stepSeconds / steps);
            for (int rank = 0; rank < sums.length; rank++) {
                figures.put("compute_seconds_per_step_rank_" + rank, sums[rank] / steps);
            }
        }
        return figures;
    }
}
