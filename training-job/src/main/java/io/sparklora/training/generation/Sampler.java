package io.sparklora.training.generation;

import java.util.Arrays;
import java.util.Random;

/**
 * Draws token ids from logits: the same seed and logits give the same ids on every JVM ({@link Random}'s generator is
 * part of its contract). Among equal logits the lowest id comes first. Not thread-safe.
 *
 * <p>Top-p is nucleus sampling (Holtzman et al., The Curious Case of Neural Text Degeneration, ICLR 2020).
 */
public final class Sampler {
    private final Sampling sampling;
    private final Random random;

    /** @param seed starts the generator; greedy choice draws nothing from it */
    public Sampler(Sampling sampling, long seed) {
        this.sampling = sampling;
        this.random = new Random(seed);
    }

    /**
     * Chooses a token.
     *
     * @param logits one score a token id, [V], at least one of them above negative infinity; not changed
     * @throws ArithmeticException where a logit is not a number or infinite upwards: the model overflowed
     */
    public int next(float[] logits) {
        int highest = highest(logits);
        if (sampling.temperature() == 0) {
            return highest;
        }
        // Most probable first where a tail is cut off; else in the order of ids, which saves sorting the vocabulary.
        int[] ids = sampling.topK() == 0 && sampling.topP() == 1 ? inOrder(logits.length) : byLogit(logits);
        if (sampling.topK() > 0) {
            ids = Arrays.copyOf(ids, Math.min(ids.length, sampling.topK()));
        }
        double[] weights = weights(logits, ids, logits[highest]);
        int kept = sampling.topP() == 1 ? ids.length : nucleus(weights, sampling.topP());
        return ids[draw(weights, kept)];
    }

    private static int highest(float[] logits) {
        int highest = 0;
        for (int id = 0; id < logits.length; id++) {
            if (Float.isNaN(logits[id]) || logits[id] == Float.POSITIVE_INFINITY) {
                throw new ArithmeticException("the logit of token " + id + " is " + logits[id]);
            }
            if (logits[id] > logits[highest]) {
                highest = id;
            }
        }
        if (logits[highest] == Float.NEGATIVE_INFINITY) {
            throw new ArithmeticException("the logits of all " + logits.length + " tokens are negative infinity");
        }
        return highest;
    }

    private static int[] inOrder(int tokens) {
        int[] ids = new int[tokens];
        Arrays.setAll(ids, id -> id);
        return ids;
    }

    /** Ids by falling logit, then by rising id: sorted as one long each, which needs no objects. */
    private static int[] byLogit(float[] logits) {
        long[] keys = new long[logits.length];
        for (int id = 0; id < logits.length; id++) {
            keys[id] = ((long) ~ascending(logits[id]) << Integer.SIZE) | id;
        }
        Arrays.sort(keys);
        int[] ids = new int[logits.length];
        Arrays.setAll(ids, rank -> (int) keys[rank]);
        return ids;
    }

    /** Bits that compare as signed integers in the order of the floats. */
    private static int ascending(float value) {
        int bits = Float.floatToIntBits(value + 0.0f);
        return bits ^ ((bits >> (Integer.SIZE - 1)) & Integer.MAX_VALUE);
    }

    /** Unnormalised probabilities; the highest logit has weight 1, so none overflows. */
    private double[] weights(float[] logits, int[] ids, float highest) {
        double[] weights = new double[ids.length];
        for (int i = 0; i < ids.length; i++) {
            weights[i] = StrictMath.exp(((double) logits[ids[i]] - highest) / sampling.temperature());
        }
        return weights;
    }

    /** How many of the falling weights reach the share p of their sum, at least one. */
    private static int nucleus(double[] weights, double p) {
        double goal = p * Arrays.stream(weights).sum();
        double reached = 0;
        for (int i = 0; i < weights.length; i++) {
            reached += weights[i];
            if (reached >= goal) {
                return i + 1;
            }
        }
        return weights.length;
    }

    private int draw(double[] weights, int kept) {
        double sum = 0;
        for (int i = 0; i < kept; i++) {
            sum += weights[i];
        }
        double left = random.nextDouble() * sum;
        int last = 0;
        for (int i = 0; i < kept; i++) {
            if (weights[i] > 0) {
                last = i;
                left -= weights[i];
                if (left < 0) {
                    return i;
                }
            }
        }
        // Rounding may leave a sliver above the last weight.
        return last;
    }
}
