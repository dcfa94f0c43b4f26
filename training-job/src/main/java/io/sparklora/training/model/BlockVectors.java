package io.sparklora.training.model;

import io.sparklora.pipeline.adapter.LoraTarget;
import io.sparklora.pipeline.basemodel.DecoderShape;
import io.sparklora.pipeline.basemodel.DecoderVariant.Bias;
import io.sparklora.pipeline.basemodel.NormPlacement;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The vectors of a decoder block, norms and biases, in the order in which the program reads them; a family that lacks one
 * has an empty place.
 *
 * @param places always the same number
 */
record BlockVectors(List<Place> places) {
    /**
     * Vectors that lie side by side.
     *
     * @param elements their length together, 0 where there are none
     * @param names below the block, for example {@code input_layernorm.weight}
     */
    record Place(int elements, List<String> names) {
        private static final Place EMPTY = new Place(0, List.of());

        /** Copies the names. */
        Place {
            names = List.copyOf(names);
        }
    }

    /** Copies the places. */
    BlockVectors {
        places = List.copyOf(places);
    }

    static BlockVectors of(DecoderShape shape) {
        NormPlacement norms = shape.variant().normPlacement();
        return new BlockVectors(List.of(
                norm(shape, norms.beforeAttention()),
                biases(shape, Bias.QUERY_KEY_VALUE, LoraTarget.Q_PROJ, LoraTarget.K_PROJ, LoraTarget.V_PROJ),
                headNorm(shape.queryNormWidth(), "self_attn.q_norm.weight"),
                headNorm(shape.keyNormWidth(), "self_attn.k_norm.weight"),
                biases(shape, Bias.ATTENTION_OUTPUT, LoraTarget.O_PROJ),
                norm(shape, norms.afterAttention()),
                norm(shape, norms.beforeFeedForward()),
                biases(shape, Bias.FEED_FORWARD, LoraTarget.GATE_PROJ, LoraTarget.UP_PROJ),
                biases(shape, Bias.FEED_FORWARD, LoraTarget.DOWN_PROJ),
                norm(shape, norms.afterFeedForward())));
    }

    private static Place norm(DecoderShape shape, Optional<String> name) {
        return name.map(found -> new Place(shape.hiddenSize(), List.of(found + ".weight")))
                .orElse(Place.EMPTY);
    }

    private static Place headNorm(int width, String name) {
        return width == 0 ? Place.EMPTY : new Place(width, List.of(name));
    }

    private static Place biases(DecoderShape shape, Bias bias, LoraTarget... layers) {
        if (!shape.variant().biases().contains(bias)) {
            return Place.EMPTY;
        }
        return new Place(
                Stream.of(layers).mapToInt(layer -> layer.outputSize(shape)).sum(),
                Stream.of(layers).map(layer -> layer.pathInBlock() + ".bias").toList());
    }

    /** The places' lengths. */
    List<Integer> elements() {
        return places.stream().map(Place::elements).toList();
    }

    /** Names below the block of all vectors. */
    List<String> names() {
        return places.stream().flatMap(place -> place.names().stream()).toList();
    }
}
