package io.sparklora.training.job;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Finds the ranks of one attempt that make the others wait: their mean time for a micro-batch over
 * {@value #WINDOW_STEPS} steps is more than {@value #FACTOR} times the median rank's. A mean over a window, since
 * micro-batches differ; a micro-batch's time, since ranks may have one more or less of them.
 */
final class Stragglers {
    private static final int WINDOW_STEPS = 20;
    private static final double FACTOR = 1.5;

    private final List<RankCard> ranks;
    private final int[] microBatches;
    private final double[] sums;
    private final boolean[] found;
    private int steps;

    /**
     * @param ranks in their order
     * @param stepMicroBatches of a step, over all ranks
     */
    Stragglers(List<RankCard> ranks, int stepMicroBatches) {
        int world = ranks.size();
        this.ranks = List.copyOf(ranks);
        microBatches = new int[world];
        Arrays.setAll(microBatches, rank -> (stepMicroBatches - rank + world - 1) / world);
        sums = new double[world];
        found = new boolean[world];
    }

    /** The slowest rank, at the end of a window in which it is a straggler for the first time. */
    Optional<Straggler> after(List<Double> computeSeconds) {
        for (int rank = 0; rank < sums.length; rank++) {
            sums[rank] += computeSeconds.get(rank);
        }
        steps++;
        if (steps < WINDOW_STEPS) {
            return Optional.empty();
        }
        double[] means = new double[sums.length];
        Arrays.setAll(means, rank -> microBatches[rank] == 0 ? 0 : sums[rank] / (WINDOW_STEPS * microBatches[rank]));
        Arrays.fill(sums, 0);
        steps = 0;
        return judge(means);
    }

    private Optional<Straggler> judge(double[] means) {
        // The lower of the two in the middle: of two ranks, one can be a straggler.
        double median = Arrays.stream(means)
                .filter(mean -> mean > 0)
                .sorted()
                .skip((Arrays.stream(means).filter(mean -> mean > 0).count() - 1) / 2)
                .findFirst()
                .orElse(0);
        int slowest = 0;
        for (int rank = 1; rank < means.length; rank++) {
            slowest = means[rank] > means[slowest] ? rank : slowest;
        }
        if (found[slowest] || means[slowest] <= FACTOR * median) {
            return Optional.empty();
        }
        found[slowest] = true;
        RankCard card = ranks.get(slowest);
        return Optional.of(new Straggler(slowest, card.executor(), card.host(), means[slowest], median));
    }
}
