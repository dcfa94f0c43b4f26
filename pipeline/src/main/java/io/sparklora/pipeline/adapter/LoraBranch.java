package io.sparklora.pipeline.adapter;

import io.sparklora.pipeline.config.LoraConfig.Kind;
import java.io.Serializable;

/**
 * One LoRA branch: {@code y = W x + scale B A x} in one layer of the model (Hu et al. 2021, arXiv 2106.09685).
 *
 * @param layer index of the decoder block, from 0
 * @param module the linear layer in the block
 * @param rank r, from 1 to {@value #MAX_RANK}
 * @param scale what the branch is multiplied with, such as alpha / r; finite
 * @param kind what it does to its layer
 */
public record LoraBranch(int layer, LoraModule module, int rank, double scale, Kind kind) implements Serializable {
    /** The largest rank. */
    public static final int MAX_RANK = 1024;

    /** Checks the numbers. */
    public LoraBranch {
        if (layer < 0) {
            throw new IllegalArgumentException("a layer must be at least 0 but was " + layer);
        }
        if (rank < 1 || rank > MAX_RANK) {
            throw new IllegalArgumentException("LoRA rank must be in [1, " + MAX_RANK + "] but was " + rank);
        }
        if (!Double.isFinite(scale)) {
            throw new IllegalArgumentException("the LoRA scale must be finite but was " + scale);
        }
    }

    /** A plain branch. */
    public LoraBranch(int layer, LoraModule module, int rank, double scale) {
        this(layer, module, rank, scale, Kind.LORA);
    }

    /** The same branch with another rank and scale. */
    public LoraBranch with(int otherRank, double otherScale) {
        return new LoraBranch(layer, module, otherRank, otherScale, kind);
    }

    /** The module's path in the model, such as {@code model.layers.3.self_attn.q_proj}. */
    public String path() {
        return module.pathIn(layer);
    }

    /** Numbers of A and B together, r (in + out), and of DoRA's magnitudes. */
    public long parameters() {
        return (long) rank * (module.rows() + module.columns()) + (kind == Kind.DORA ? module.rows() : 0);
    }
}
