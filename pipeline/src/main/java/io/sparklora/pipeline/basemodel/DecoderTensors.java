package io.sparklora.pipeline.basemodel;

import io.sparklora.pipeline.basemodel.DecoderVariant.Bias;
import io.sparklora.pipeline.basemodel.DecoderVariant.FeedForward;
import io.sparklora.pipeline.basemodel.DecoderVariant.Norm;
import java.util.ArrayList;
import java.util.List;

/** The weights that a {@link DecoderShape} calls for, under both of their names. */
final class DecoderTensors {
    private DecoderTensors() {}

    /**
     * A weight that must be there.
     *
     * @param name Hugging Face's
     * @param ggufName GGUF's, architecture {@code llama}
     * @param rows output features; 1 for a vector
     * @param columns input features
     * @param kind matrix, vector, or matrix whose rows GGUF keeps in another order
     */
    record Expected(String name, String ggufName, int rows, int columns, Kind kind) {
        boolean isVector() {
            return kind == Kind.VECTOR;
        }
    }

    /** What sort of weight it is. */
    enum Kind {
        VECTOR,
        MATRIX,
        QUERY,
        KEY
    }

    /** All of them: embedding, layers in order, final norm, head unless it is tied, positions where they are learned. */
    static List<Expected> of(DecoderShape shape) {
        int hidden = shape.hiddenSize();
        List<Expected> all = new ArrayList<>();
        all.add(matrix("model.embed_tokens", "token_embd", shape.vocabularySize(), hidden));
        for (int layer = 0; layer < shape.layers(); layer++) {
            addLayer(all, shape, "model.layers." + layer + ".", "blk." + layer + ".");
        }
        addNorm(all, shape, "model.norm", "output_norm");
        if (!shape.tiedHead()) {
            all.add(matrix("lm_head", "output", shape.vocabularySize(), hidden));
        }
        if (shape.variant().positions() instanceof Positions.Learned) {
            all.add(matrix("model.embed_positions", "position_embd", shape.contextLength(), hidden));
        }
        return List.copyOf(all);
    }

    private static void addLayer(List<Expected> all, DecoderShape shape, String block, String ggufBlock) {
        int hidden = shape.hiddenSize();
        int intermediate = shape.intermediateSize();
        int queries = shape.queryWidth();
        int keys = shape.keyValueWidth();
        NormPlacement norms = shape.variant().normPlacement();
        norms.beforeAttention().ifPresent(name -> addNorm(all, shape, block + name, ggufBlock + "attn_norm"));
        all.add(new Expected(
                block + "self_attn.q_proj.weight", ggufBlock + "attn_q.weight", queries, hidden, Kind.QUERY));
        all.add(new Expected(block + "self_attn.k_proj.weight", ggufBlock + "attn_k.weight", keys, hidden, Kind.KEY));
        all.add(matrix(block + "self_attn.v_proj", ggufBlock + "attn_v", keys, hidden));
        if (shape.variant().biases().contains(Bias.QUERY_KEY_VALUE)) {
            all.add(bias(block + "self_attn.q_proj", ggufBlock + "attn_q", queries));
            all.add(bias(block + "self_attn.k_proj", ggufBlock + "attn_k", keys));
            all.add(bias(block + "self_attn.v_proj", ggufBlock + "attn_v", keys));
        }
        if (shape.queryNormWidth() > 0) {
            all.add(vector(block + "self_attn.q_norm", ggufBlock + "attn_q_norm", shape.queryNormWidth()));
            all.add(vector(block + "self_attn.k_norm", ggufBlock + "attn_k_norm", shape.keyNormWidth()));
        }
        all.add(matrix(block + "self_attn.o_proj", ggufBlock + "attn_output", hidden, queries));
        if (shape.variant().biases().contains(Bias.ATTENTION_OUTPUT)) {
            all.add(bias(block + "self_attn.o_proj", ggufBlock + "attn_output", hidden));
        }
        norms.afterAttention()
                .ifPresent(name -> addNorm(all, shape, block + name, ggufBlock + "post_attention_norm"));
        norms.beforeFeedForward()
                .filter(name -> norms != NormPlacement.PARALLEL_SHARED)
                .ifPresent(name -> addNorm(all, shape, block + name, ggufBlock + "ffn_norm"));
        boolean gated = shape.variant().feedForward() == FeedForward.GATED;
        if (gated) {
            all.add(matrix(block + "mlp.gate_proj", ggufBlock + "ffn_gate", intermediate, hidden));
        }
        all.add(matrix(block + "mlp.up_proj", ggufBlock + "ffn_up", intermediate, hidden));
        all.add(matrix(block + "mlp.down_proj", ggufBlock + "ffn_down", hidden, intermediate));
        if (shape.variant().biases().contains(Bias.FEED_FORWARD)) {
            if (gated) {
                all.add(bias(block + "mlp.gate_proj", ggufBlock + "ffn_gate", intermediate));
            }
            all.add(bias(block + "mlp.up_proj", ggufBlock + "ffn_up", intermediate));
            all.add(bias(block + "mlp.down_proj", ggufBlock + "ffn_down", hidden));
        }
        norms.afterFeedForward().ifPresent(name -> addNorm(all, shape, block + name, ggufBlock + "post_ffw_norm"));
    }

    private static void addNorm(List<Expected> all, DecoderShape shape, String name, String ggufName) {
        all.add(vector(name, ggufName, shape.hiddenSize()));
        if (shape.variant().norm() == Norm.LAYER) {
            all.add(bias(name, ggufName, shape.hiddenSize()));
        }
    }

    private static Expected matrix(String name, String ggufName, int rows, int columns) {
        return new Expected(name + ".weight", ggufName + ".weight", rows, columns, Kind.MATRIX);
    }

    private static Expected bias(String name, String ggufName, int columns) {
        return new Expected(name + ".bias", ggufName + ".bias", 1, columns, Kind.VECTOR);
    }

    private static Expected vector(String name, String ggufName, int columns) {
        return new Expected(name + ".weight", ggufName + ".weight", 1, columns, Kind.VECTOR);
    }
}
