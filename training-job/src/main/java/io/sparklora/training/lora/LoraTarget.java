package io.sparklora.training.lora;

import io.sparklora.pipeline.basemodel.DecoderShape;
import java.util.Collection;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A linear layer of a decoder block that can carry a LoRA branch, by its PEFT name. The order of the constants is the
 * order of the flat parameter vector (see {@link LoraLayout}): layers that read the same input are neighbours.
 */
public enum LoraTarget {
    /** Queries: hidden to heads x head size. */
    Q_PROJ("q_proj", "self_attn"),
    /** Keys: hidden to key-value heads x head size. */
    K_PROJ("k_proj", "self_attn"),
    /** Values: hidden to key-value heads x head size. */
    V_PROJ("v_proj", "self_attn"),
    /** Attention output: heads x head size to hidden. */
    O_PROJ("o_proj", "self_attn"),
    /** The MLP's gate: hidden to intermediate. */
    GATE_PROJ("gate_proj", "mlp"),
    /** The MLP's ascent: hidden to intermediate. */
    UP_PROJ("up_proj", "mlp"),
    /** The MLP's descent: intermediate to hidden. */
    DOWN_PROJ("down_proj", "mlp");

    /** The name that stands for every constant. */
    public static final String ALL_LINEAR = "all-linear";

    private final String peftName;
    private final String parent;

    LoraTarget(String peftName, String parent) {
        this.peftName = peftName;
        this.parent = parent;
    }

    /** The module's name in PEFT's {@code target_modules}, such as {@code q_proj}. */
    public String peftName() {
        return peftName;
    }

    /** The module's path in a Llama model, such as {@code model.layers.3.self_attn.q_proj}. */
    public String modulePath(int layer) {
        return "model.layers." + layer + "." + pathInBlock();
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

    /**
     * Reads PEFT module names, or the single name {@value #ALL_LINEAR}.
     *
     * @return the targets in declaration order, unmodifiable, at least one
     * @throws IllegalArgumentException where a name is unknown, twice there or beside {@value #ALL_LINEAR}, or none is
     */
    public static Set<LoraTarget> parse(Collection<String> names) {
        if (names.size() == 1 && names.contains(ALL_LINEAR)) {
            return Collections.unmodifiableSet(EnumSet.allOf(LoraTarget.class));
        }
        EnumSet<LoraTarget> targets = EnumSet.noneOf(LoraTarget.class);
        for (String name : names) {
            if (!targets.add(named(name))) {
                throw new IllegalArgumentException("LoRA target " + name + " is named twice in " + names);
            }
        }
        if (targets.isEmpty()) {
            throw new IllegalArgumentException("LoRA needs at least one target of " + allowed());
        }
        return Collections.unmodifiableSet(targets);
    }

    private static LoraTarget named(String name) {
        return Stream.of(values())
                .filter(target -> target.peftName.equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "LoRA target must be one of " + allowed() + ", or " + ALL_LINEAR + " alone, but was " + name));
    }

    private static String allowed() {
        return Stream.of(values()).map(LoraTarget::peftName).collect(Collectors.joining(", "));
    }
}
