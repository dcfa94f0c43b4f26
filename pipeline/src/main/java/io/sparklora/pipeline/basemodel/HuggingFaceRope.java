package io.sparklora.pipeline.basemodel;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Reads rotary positions from {@code config.json} (transformers 5.23.0, {@code modeling_rope_utils.py}).
 *
 * @param parameters {@code rope_parameters} or {@code rope_scaling}, of the layers that see all where each kind of layer
 *     has its own; empty where there are none
 * @param defaultTheta base of the frequencies where {@code parameters} does not say it
 */
record HuggingFaceRope(Optional<JsonFields> parameters, double defaultTheta) {
    private static final String FULL = "full_attention";
    private static final String SLIDING = "sliding_attention";
    private static final double GEMMA3_THETA = 1_000_000;
    private static final double THETA = 10_000;

    private static final Map<String, Set<String>> KNOWN = Map.of(
            "default", Set.of(),
            "linear", Set.of("factor"),
            "llama3", Set.of("factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings"));

    private static final Set<String> ALWAYS_KNOWN = Set.of("rope_type", "type", "rope_theta", "partial_rotary_factor");

    static HuggingFaceRope of(JsonFields config, DecoderFamily family) {
        boolean perLayer = family == DecoderFamily.GEMMA3;
        Optional<JsonFields> stated = stated(config);
        double theta = config.real("rope_theta").orElse(perLayer ? GEMMA3_THETA : THETA);
        if (perLayer && config.object("rope_parameters").isPresent()) {
            checkNested(stated.orElseThrow());
            stated = stated.flatMap(both -> both.object(FULL));
        }
        return new HuggingFaceRope(stated, theta);
    }

    /** The base in layers that have a window, where it is another there (Gemma 3). */
    static OptionalDouble windowTheta(JsonFields config, DecoderFamily family) {
        if (family != DecoderFamily.GEMMA3) {
            return OptionalDouble.empty();
        }
        double local = config.real("rope_local_base_freq").orElse(THETA);
        Optional<JsonFields> sliding = config.object("rope_parameters").flatMap(both -> both.object(SLIDING));
        if (sliding.isEmpty()) {
            return OptionalDouble.of(local);
        }
        HuggingFaceRope rope = new HuggingFaceRope(sliding, local);
        if (rope.scaling(1).isPresent()) {
            throw sliding.get().refusal("rope_type", "default");
        }
        return OptionalDouble.of(rope.theta());
    }

    private static void checkNested(JsonFields both) {
        for (Map.Entry<String, JsonNode> field : both.object().properties()) {
            if (!Set.of(FULL, SLIDING).contains(field.getKey())) {
                throw both.refusal(field.getKey(), "absent: known are [" + FULL + ", " + SLIDING + "]");
            }
        }
    }

    /** transformers 5 keeps theta and scaling in {@code rope_parameters}, earlier versions in two fields. */
    private static Optional<JsonFields> stated(JsonFields config) {
        Optional<JsonFields> parameters = config.object("rope_parameters");
        Optional<JsonFields> scaling = config.object("rope_scaling");
        if (parameters.isPresent() && scaling.isPresent()) {
            throw config.refusal("rope_scaling", "absent, since there is rope_parameters");
        }
        return parameters.or(() -> scaling);
    }

    /** Base of the frequencies. */
    double theta() {
        return parameters
                .map(rope -> rope.real("rope_theta").orElse(defaultTheta))
                .orElse(defaultTheta);
    }

    /** Scaling of the frequencies. */
    Optional<RopeScaling> scaling(int contextLength) {
        return parameters.flatMap(rope -> scaling(rope, contextLength));
    }

    private static Optional<RopeScaling> scaling(JsonFields rope, int contextLength) {
        String type = rope.text("rope_type").or(() -> rope.text("type")).orElse("default");
        checkFields(rope, type);
        return switch (type) {
            case "default" -> Optional.empty();
            case "linear" -> Optional.of(new RopeScaling.Linear(rope.requiredReal("factor")));
            default ->
                Optional.of(new RopeScaling.Llama3(
                        rope.requiredReal("factor"),
                        rope.requiredReal("low_freq_factor"),
                        rope.requiredReal("high_freq_factor"),
                        rope.whole("original_max_position_embeddings").orElse(contextLength)));
        };
    }

    private static void checkFields(JsonFields rope, String type) {
        @Nullable Set<String> own = KNOWN.get(type);
        if (own == null) {
            throw rope.refusal(rope.object().has("rope_type") ? "rope_type" : "type", "default, linear or llama3");
        }
        for (Map.Entry<String, JsonNode> field : rope.object().properties()) {
            String name = field.getKey();
            if (!own.contains(name)
                    && !ALWAYS_KNOWN.contains(name)
                    && !field.getValue().isNull()) {
                throw rope.refusal(name, "absent: known are " + known(own));
            }
        }
        if (rope.real("partial_rotary_factor").orElse(1) != 1) {
            throw rope.refusal("partial_rotary_factor", "1");
        }
    }

    private static List<String> known(Set<String> own) {
        return Stream.concat(own.stream(), ALWAYS_KNOWN.stream()).sorted().toList();
    }
}
