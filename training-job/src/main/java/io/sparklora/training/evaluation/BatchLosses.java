package io.sparklora.training.evaluation;

import java.io.Serializable;
import java.util.List;

/**
 * The loss sums of one micro-batch.
 *
 * @param number the micro-batch's
 * @param sums of the base and then of each candidate, nats
 * @param supervisedTokens tokens with a label
 */
record BatchLosses(int number, List<Double> sums, int supervisedTokens) implements Serializable {
    /** Copies the list. */
    BatchLosses {
        sums = List.copyOf(sums);
    }
}
