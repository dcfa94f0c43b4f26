package io.sparklora.training.evaluation;

import java.io.Serializable;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * The numbered micro-batches of a split: number j holds the sequences from {@code j * microSequences} on, the last one
 * what is left. The numbers depend on the dataset alone, so every loss is summed in one order on any number of tasks.
 *
 * @param sequences in the split, at least 1
 * @param microSequences sequences of one native call, at least 1
 */
record HeldOutBatches(long sequences, int microSequences) implements Serializable {
    /** Checks the ranges. */
    HeldOutBatches {
        if (sequences < 1 || microSequences < 1 || (sequences - 1) / microSequences >= Integer.MAX_VALUE) {
            throw new IllegalArgumentException(
                    sequences + " sequences can't be cut into micro-batches of " + microSequences);
        }
    }

    /** How many micro-batches there are. */
    int count() {
        return (int) ((sequences - 1) / microSequences) + 1;
    }

    /** The sequence ids of a micro-batch. */
    long[] sequences(int number) {
        long first = (long) number * microSequences;
        return LongStream.range(first, Math.min(sequences, first + microSequences))
                .toArray();
    }

    /** The micro-batches that one of several tasks computes: {@code task}, {@code task + tasks}, ... */
    List<Integer> ofTask(int task, int tasks) {
        return IntStream.range(0, count())
                .filter(number -> number % tasks == task)
                .boxed()
                .toList();
    }
}
