package io.sparklora.pipeline.basemodel;

import java.util.List;
import java.util.Set;

/**
 * What a decoder has beyond a plain Llama's block; {@link #PLAIN} is that block.
 *
 * @param biases the linear layers that add a bias
 * @param windows for each layer how many positions a token sees, itself included, or 0 where it sees all before it; no
 *     entry at all where every layer sees all
 */
public record DecoderVariant(Set<Bias> biases, List<Integer> windows) {
    /** RMSNorm before attention and feed-forward, rotary positions, SwiGLU, no biases, all positions seen. */
    public static final DecoderVariant PLAIN = new DecoderVariant(Set.of(), List.of());

    /** Linear layers that have a bias, or have none, together. */
    public enum Bias {
        /** q_proj, k_proj and v_proj. */
        QUERY_KEY_VALUE,
        /** o_proj. */
        ATTENTION_OUTPUT,
        /** gate_proj, up_proj and down_proj. */
        FEED_FORWARD
    }

    /** Copies the collections and refuses a negative window. */
    public DecoderVariant {
        biases = Set.copyOf(biases);
        windows = List.copyOf(windows);
        for (int window : windows) {
            if (window < 0) {
                throw new IllegalArgumentException("a layer's window must not be negative but was " + window);
            }
        }
    }

    /** The same with other biases. */
    public DecoderVariant withBiases(Set<Bias> others) {
        return new DecoderVariant(others, windows);
    }

    /** The same with other windows. */
    public DecoderVariant withWindows(List<Integer> others) {
        return new DecoderVariant(biases, others);
    }

    /** The window of a layer, or 0 where it sees all positions before it. */
    public int window(int layer) {
        return windows.isEmpty() ? 0 : windows.get(layer);
    }
}
