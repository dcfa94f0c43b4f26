package io.sparklora.pipeline.adapter;

import io.sparklora.pipeline.basemodel.DecoderShape;
import java.util.stream.Stream;

/** A linear layer of a decoder block of the Llama kind, by its PEFT name, in the order of the flat parameter vector. */
public enum LoraTarget {
    /** Queries: hidden to heads x head size. */
    Q_PROJ("q_proj", "self_attn", LoraGroup.QUERY_KEY_VALUE),
    /** Keys: hidden to key-value heads x head size. */
    K_PROJ("k_proj", "self_attn", LoraGroup.QUERY_KEY_VALUE),
    /** Values: hidden to key-value heads x head size. */
    V_PROJ("v_proj", "self_attn", LoraGroup.QUERY_KEY_VALUE),
    /** Attention output: heads x head size to hidden. */
    O_PROJ("o_proj", "self_attn", LoraGroup.ATTENTION_OUTPUT),
    /** The MLP's gate: hidden to intermediate. */
    GATE_PROJ("gate_proj", "mlp", LoraGroup.GATE_UP),
    /** The MLP's ascent: hidden to intermediate. */
    UP_PROJ("up_proj", "mlp", LoraGroup.GATE_UP),
    /** The MLP's descent: intermediate to hidden. */
    DOWN_PROJ("down_proj", "mlp", LoraGroup.DOWN);

    private static final String BLOCKS = "model.layers";

    private final String peftName;
    private final String parent;
    private final LoraGroup group;

    LoraTarget(String peftName, String parent, LoraGroup group) {
        this.peftName = peftName;
        this.parent = parent;
        this.group = group;
    }

    /** The layer of a path in a decoder block, such as {@code self_attn.q_proj}. */
    static LoraTarget of(String pathInBlock) {
        return Stream.of(values())
                .filter(target -> target.pathInBlock().equals(pathInBlock))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no decoder block has a layer " + pathInBlock));
    }

    /** The module's path in a Llama model, such as {@code model.layers.3.self_attn.q_proj}. */
    public String modulePath(int layer) {
        return BLOCKS + "." + layer + "." + pathInBlock();
    }

    /** The module's path in a decoder block, such as {@code self_attn.q_proj}. */
    public String pathInBlock() {
        return parent + "." + peftName;
    }

    /** Number of input features. */
    public int inputSize(DecoderShape shape) {
        return switch (this) {
            case Q_PROJ, K_PROJ, V_PROJ, GATE_PROJ, UP_PROJ -> shape.hiddenSize();
            case O_PROJ -> shape.queryWidth();
            case DOWN_PROJ -> shape.intermediateSize();
        };
    }

    /** Number of output features. */
    public int outputSize(DecoderShape shape) {
        return switch (this) {
            case Q_PROJ -> shape.queryWidth();
            case K_PROJ, V_PROJ -> shape.keyValueWidth();
            case GATE_PROJ, UP_PROJ -> shape.intermediateSize();
            case O_PROJ, DOWN_PROJ -> shape.hiddenSize();
        };
    }

    private int firstRow(DecoderShape shape) {
        return switch (this) {
            case K_PROJ -> shape.queryWidth();
            case V_PROJ -> shape.queryWidth() + shape.keyValueWidth();
            case UP_PROJ -> shape.feedForwardWidth() - shape.intermediateSize();
            case Q_PROJ, O_PROJ, GATE_PROJ, DOWN_PROJ -> 0;
        };
    }

    /** The layer as a place for a branch. */
    LoraModule module(DecoderShape shape) {
        return new LoraModule(BLOCKS, pathInBlock(), group, firstRow(shape), outputSize(shape), inputSize(shape));
    }
}
