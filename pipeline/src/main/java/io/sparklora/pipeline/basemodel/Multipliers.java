package io.sparklora.pipeline.basemodel;

import java.util.OptionalDouble;

/**
 * Constant factors of a decoder, all finite and not 0.
 *
 * @param embedding of the embedding's rows
 * @param attention of a query's product with a key; absent for 1 / sqrt(head size)
 * @param residual of what attention and feed-forward add to the residual stream
 * @param logits of the head's products
 */
public record Multipliers(double embedding, OptionalDouble attention, double residual, double logits) {
    /** Factors that change nothing. */
    public static final Multipliers NONE = new Multipliers(1, OptionalDouble.empty(), 1, 1);

    /** Checks the numbers. */
    public Multipliers {
        check("embedding", embedding);
        check("attention", attention.orElse(1));
        check("residual", residual);
        check("logits", logits);
    }

    private static void check(String what, double value) {
        if (!Double.isFinite(value) || value == 0) {
            throw new IllegalArgumentException("the " + what + " multiplier must be finite and not 0 but was " + value);
        }
    }
}
