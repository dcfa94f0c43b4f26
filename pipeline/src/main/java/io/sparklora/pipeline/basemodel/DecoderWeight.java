package io.sparklora.pipeline.basemodel;

import java.io.Serializable;
import java.util.List;

/**
 * A weight that a decoder has by its shape alone, under the name that {@link BaseModel} gives it.
 *
 * @param name for example {@code model.layers.0.self_attn.q_proj.weight}
 * @param kind a matrix, or a vector: a norm's weight or a bias
 * @param rows output features; 1 for a vector
 * @param columns input features
 */
public record DecoderWeight(String name, Kind kind, int rows, int columns) implements Serializable {
    /** What sort of weight it is. */
    public enum Kind {
        /** The weight of an embedding, of positions, of a linear layer or of the head. */
        MATRIX,
        /** A norm's weight, or a bias. */
        VECTOR
    }

    /** All of a shape, each once, in the order of {@link BaseModel#tensors}; a tied head is the embedding. */
    public static List<DecoderWeight> of(DecoderShape shape) {
        return DecoderTensors.of(shape).stream()
                .map(weight -> new DecoderWeight(
                        weight.name(), weight.isVector() ? Kind.VECTOR : Kind.MATRIX, weight.rows(), weight.columns()))
                .toList();
    }

    /** Number of values. */
    public long elements() {
        return (long) rows * columns;
    }
}
