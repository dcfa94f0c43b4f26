package io.sparklora.training.optimizer;

import java.io.Serializable;
import java.util.List;

/**
 * Neighbouring parameters that share a learning rate and a weight decay.
 *
 * @param first index of the first
 * @param end index after the last
 * @param ratio what the learning rate is multiplied with, above 0
 * @param decay what the weight decay is multiplied with, at least 0
 */
public record ParameterGroup(int first, int end, double ratio, double decay) implements Serializable {
    /** Checks the ranges. */
    public ParameterGroup {
        if (first < 0 || end < first || !(ratio > 0) || Double.isInfinite(ratio) || !(decay >= 0)) {
            throw new IllegalArgumentException("parameters " + first + " to " + end + " with " + ratio
                    + " times the learning rate and " + decay + " times the weight decay");
        }
    }

    /** Parameters that shrink by the whole weight decay. */
    public ParameterGroup(int first, int end, double ratio) {
        this(first, end, ratio, 1);
    }

    /** All parameters with one learning rate. */
    public static List<ParameterGroup> whole(int parameters) {
        return List.of(new ParameterGroup(0, parameters, 1));
    }
}
