package io.sparklora.pipeline.basemodel;

import java.util.List;
import java.util.OptionalDouble;
import java.util.Set;

/**
 * What a decoder has beyond a plain Llama's block; {@link #PLAIN} is that block.
 *
 * @param biases the linear layers that add a bias
 * @param windows for each layer how many positions a token sees, itself included, or 0 where it sees all before it; no
 *     entry at all where every layer sees all
 * @param queryKeyNorm whether queries and keys are normed before they are turned
 * @param normPlacement where attention and feed-forward are normed
 * @param norm which norm it is
 * @param normOffset added to every norm's weight as it is stored
 * @param feedForward whether the feed-forward has a gate
 * @param activation of the feed-forward's gate, or of its middle where it has none
 * @param multipliers constant factors
 * @param softCaps bounds of scores and logits
 * @param positions how it tells where a token stands
 * @param windowRopeTheta base of the rotary frequencies in layers that have a window, where it is another there, above
 *     1; those frequencies are not scaled
 */
public record DecoderVariant(
        Set<Bias> biases,
        List<Integer> windows,
        QueryKeyNorm queryKeyNorm,
        NormPlacement normPlacement,
        Norm norm,
        double normOffset,
        FeedForward feedForward,
        Activation activation,
        Multipliers multipliers,
        SoftCaps softCaps,
        Positions positions,
        OptionalDouble windowRopeTheta) {
    /** RMSNorm before attention and feed-forward, rotary positions, SwiGLU, no biases, all positions seen. */
    public static final DecoderVariant PLAIN = new DecoderVariant(
            Set.of(),
            List.of(),
            QueryKeyNorm.NONE,
            NormPlacement.BEFORE,
            Norm.RMS,
            0,
            FeedForward.GATED,
            Activation.SILU,
            Multipliers.NONE,
            SoftCaps.NONE,
            Positions.ROTARY,
            OptionalDouble.empty());

    /** Linear layers that have a bias, or have none, together. */
    public enum Bias {
        /** q_proj, k_proj and v_proj. */
        QUERY_KEY_VALUE,
        /** o_proj. */
        ATTENTION_OUTPUT,
        /** gate_proj, where there is one, up_proj and down_proj. */
        FEED_FORWARD
    }

    /** RMSNorm of queries and of keys, each with a weight of its own. */
    public enum QueryKeyNorm {
        /** None. */
        NONE,
        /** Over each head alone; all heads share a weight of the head's size (Qwen 3, Gemma 3). */
        EACH_HEAD,
        /** Over all heads together (OLMo 2). */
        ALL_HEADS
    }

    /** What is done to a vector before a layer takes it in. */
    public enum Norm {
        /** RMSNorm (Zhang and Sennrich 2019, arXiv 1910.07467). */
        RMS,
        /** LayerNorm (Ba et al. 2016, arXiv 1607.06450) with a bias. */
        LAYER,
        /** LayerNorm without a bias (MPT). */
        LAYER_WITHOUT_BIAS
    }

    /** Whether the feed-forward multiplies its middle by a gate. */
    public enum FeedForward {
        /** down(act(gate(x)) * up(x)). */
        GATED,
        /** down(act(up(x))). */
        PLAIN
    }

    /** A feed-forward's nonlinear part. */
    public enum Activation {
        /** x * sigmoid(x). */
        SILU,
        /** GELU in its tanh form. */
        GELU_TANH,
        /** GELU by the error function. */
        GELU
    }

    /**
     * Bounds c of a value x that becomes c * tanh(x / c); 0 for none (Gemma 2).
     *
     * @param attention of a query's scaled product with a key
     * @param logits of the logits
     */
    public record SoftCaps(double attention, double logits) {
        /** No bounds. */
        public static final SoftCaps NONE = new SoftCaps(0, 0);

        /** Checks the numbers. */
        public SoftCaps {
            if (!(attention >= 0 && Double.isFinite(attention) && logits >= 0 && Double.isFinite(logits))) {
                throw new IllegalArgumentException(
                        "soft caps must be above 0, or 0 for none, but are " + attention + " and " + logits);
            }
        }
    }

    /** Copies the collections and refuses a negative window and a rope theta of no use. */
    public DecoderVariant {
        biases = Set.copyOf(biases);
        windows = List.copyOf(windows);
        for (int window : windows) {
            if (window < 0) {
                throw new IllegalArgumentException("a layer's window must not be negative but was " + window);
            }
        }
        double theta = windowRopeTheta.orElse(2);
        if (!(theta > 1 && Double.isFinite(theta))) {
            throw new IllegalArgumentException("rope theta must be above 1 but was " + theta);
        }
    }

    /** The window of a layer, or 0 where it sees all positions before it. */
    public int window(int layer) {
        return windows.isEmpty() ? 0 : windows.get(layer);
    }
}
