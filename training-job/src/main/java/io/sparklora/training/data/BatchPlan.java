package io.sparklora.training.data;

import io.sparklora.pipeline.config.TrainConfig.Order;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;

/**
 * Which sequences make which step: work is numbered, not handed out, so the plan is the same for any number of ranks.
 *
 * <p>Epochs follow one another without a gap: position p of the run is sequence {@code p % sequences} of epoch {@code p / sequences}
 * in that epoch's order, and step s takes the positions from {@code s * batchSequences} on. A batch may so end one epoch
 * and begin the next; none is ever short, and no sequence is left out of an epoch. Micro-batch j of a step takes
 * {@code microSequences} of its positions, and rank r of n computes the micro-batches r, r + n, ...
 *
 * @param sequences in the dataset's training split, at least 1
 * @param sequenceLength tokens of a sequence, at least 1
 * @param order in which an epoch visits them
 * @param seed of a shuffled order
 * @param batchSequences in a step, at least 1
 * @param microSequences in one native call, a divisor of batchSequences
 * @param steps of the run, at least 1
 */
public record BatchPlan(
        long sequences, int sequenceLength, Order order, long seed, int batchSequences, int microSequences, long steps)
        implements Serializable {
    /** Checks the ranges. */
    public BatchPlan {
        if (sequences < 1 || sequenceLength < 1 || steps < 1) {
            throw new IllegalArgumentException(
                    "a plan of " + steps + " steps over " + sequences + " sequences of " + sequenceLength + " tokens");
        }
        if (batchSequences < 1 || microSequences < 1 || batchSequences % microSequences != 0) {
            throw new IllegalArgumentException(
                    "a batch of " + batchSequences + " sequences in micro-batches of " + microSequences);
        }
    }

    /** With as many steps as it takes to compute {@code tokens}, rounded up. */
    public static BatchPlan forTokens(
            long tokens,
            long sequences,
            int sequenceLength,
            Order order,
            long seed,
            int batchSequences,
            int microSequences) {
        long batchTokens = (long) batchSequences * sequenceLength;
        long steps = (tokens + batchTokens - 1) / batchTokens;
        return new BatchPlan(sequences, sequenceLength, order, seed, batchSequences, microSequences, steps);
    }

    /** Tokens of every step, over all ranks, padding included. */
    public long batchTokens() {
        return (long) batchSequences * sequenceLength;
    }

    /** Micro-batches of every step, over all ranks. */
    public int microBatches() {
        return batchSequences / microSequences;
    }

    /**
     * The sequence ids of the micro-batches that a rank computes in a step, in the order of their numbers; none for a
     * rank beyond the number of micro-batches.
     */
    public List<long[]> microBatches(long step, int rank, int world) {
        List<long[]> own = new ArrayList<>();
        for (int number = rank; number < microBatches(); number += world) {
            own.add(microBatch(step, number));
        }
        return own;
    }

    private long[] microBatch(long step, int number) {
        long[] ids = new long[microSequences];
        for (int row = 0; row < microSequences; row++) {
            long position = step * batchSequences + (long) number * microSequences + row;
            ids[row] = sequence(position / sequences, position % sequences);
        }
        return ids;
    }

    private long sequence(long epoch, long position) {
        return switch (order) {
            case SHUFFLED -> new SequenceOrder(sequences, seed, epoch).at(position);
            // The dataset is packed longest document first.
            case SHORT_FIRST -> sequences - 1 - position;
        };
    }
}
