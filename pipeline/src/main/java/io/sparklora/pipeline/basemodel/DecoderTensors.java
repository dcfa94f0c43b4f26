package io.sparklora.pipeline.basemodel;

import io.sparklora.pipeline.basemodel.DecoderVariant.Bias;
import io.sparklora.pipeline.basemodel.DecoderVariant.FeedForward;
import io.sparklora.pipeline.basemodel.DecoderVariant.Norm;
import java.util.ArrayList;
import java.util.List;

/** The weights that a {@link DecoderShape} calls for, by name. */
final class DecoderTensors {
    private DecoderTensors() {}

    /**
     * A weight that must be there.
     *
     * @param name Hugging Face's
     * @param rows output features; 1 for a vector
     * @param columns input features
     * @param kind matrix, vector, or matrix whose rows some GGUF files keep in another order
     */
    record Expected(String name, int rows, int columns, Kind kind) {
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
        all.add(matrix("model.embed_tokens", shape.vocabularySize(), hidden));
        for (int layer = 0; layer < shape.layers(); layer++) {
            addLayer(all, shape, "model.layers." + layer + ".");
        }
        addNorm(all, shape, "model.norm");
        if (!shape.tiedHead()) {
            all.add(matrix("lm_head", shape.vocabularySize(), hidden));
        }
        if (shape.variant().positions() instanceof Positions.Learned) {
            all.add(matrix("model.embed_positions", shape.contextLength(), hidden));
        }
        return List.copyOf(all);
    }

    private static void addLayer(List<Expected> all, DecoderShape shape, String block) {
        int hidden = shape.hiddenSize();
        int intermediate = shape.intermediateSize();
        int queries = shape.queryWidth();
        int keys = shape.keyValueWidth();
        NormPlacement norms = shape.variant().normPlacement();
        norms.beforeAttention().ifPresent(name -> addNorm(all, shape, block + name));
        all.add(new Expected(block + "self_attn.q_proj.weight", queries, hidden, Kind.QUERY));
        all.add(new Expected(block + "self_attn.k_proj.weight", keys, hidden, Kind.KEY));
        all.add(matrix(block + "self_attn.v_proj", keys, hidden));
        if (shape.variant().biases().contains(Bias.QUERY_KEY_VALUE)) {
            all.add(bias(block + "self_attn.q_proj", queries));
            all.add(bias(block + "self_attn.k_proj", keys));
            all.add(bias(block + "self_attn.v_proj", keys));
        }
        if (shape.queryNormWidth() > 0) {
            all.add(vector(block + "self_attn.q_norm", shape.queryNormWidth()));
            all.add(vector(block + "self_attn.k_norm", shape.keyNormWidth()));
        }
        all.add(matrix(block + "self_attn.o_proj", hidden, queries));
        if (shape.variant().biases().contains(Bias.ATTENTION_OUTPUT)) {
            all.add(bias(block + "self_attn.o_proj", hidden));
        }
        norms.afterAttention().ifPresent(name -> addNorm(all, shape, block + name));
        norms.beforeFeedForward()
                .filter(name -> norms != NormPlacement.PARALLEL_SHARED)
                .ifPresent(name -> addNorm(all, shape, block + name));
        boolean gated = shape.variant().feedForward() == FeedForward.GATED;
        if (gated) {
            all.add(matrix(block + "mlp.gate_proj", intermediate, hidden));
        }
        all.add(matrix(block + "mlp.up_proj", intermediate, hidden));
        all.add(matrix(block + "mlp.down_proj", hidden, intermediate));
        if (shape.variant().biases().contains(Bias.FEED_FORWARD)) {
            if (gated) {
                all.add(bias(block + "mlp.gate_proj", intermediate));
            }
            all.add(bias(block + "mlp.up_proj", intermediate));
            all.add(bias(block + "mlp.down_proj", hidden));
        }
        norms.afterFeedForward().ifPresent(name -> addNorm(all, shape, block + name));
    }

    private static void addNorm(List<Expected> all, DecoderShape shape, String name) {
        all.add(vector(name, shape.hiddenSize()));
        if (shape.variant().norm() == Norm.LAYER) {
            all.add(bias(name, shape.hiddenSize()));
        }
    }

    private static Expected matrix(String name, int rows, int columns) {
        return new Expected(name + ".weight", rows, columns, Kind.MATRIX);
    }

    private static Expected bias(String name, int columns) {
        return new Expected(name + ".bias", 1, columns, Kind.VECTOR);
    }

    private static Expected vector(String name, int columns) {
        return new Expected(name + ".weight", 1, columns, Kind.VECTOR);
    }
}
