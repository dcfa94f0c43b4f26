package io.sparklora.pipeline.basemodel;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Reads rotary positions from {@code config.json} (transformers 5.23.0, {@code modeling_rope_utils.py}).
 *
 * @param parameters {@code rope_parameters} or {@code rope_scaling}, of the layers that see all where each kind of layer
 *     has its own; empty where there are none
 * @param defaultTheta base of the frequencies where {@code parameters} does not say it
 * @param defaultPart part of each head that is turned where {@code parameters} does not say it
 * @param config the configuration itself
 * @param family the family that it states
 */
record HuggingFaceRope(
        Optional<JsonFields> parameters,
        double defaultTheta,
        double defaultPart,
        JsonFields config,
        DecoderFamily family) {
    private static final String FULL = "full_attention";
    private static final String SLIDING = "sliding_attention";
    private static final double GEMMA3_THETA = 1_000_000;
    private static final double THETA = 10_000;
    private static final double NEOX_PART = 0.25;

    private static final double YARN_FAST = 32;
    private static final double YARN_SLOW = 1;

    private static final Map<String, Set<String>> KNOWN = Map.of(
            "default", Set.of(),
            "linear", Set.of("factor"),
            "llama3", Set.of("factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings"),
            "yarn",
                    Set.of(
                            "factor",
                            "original_max_position_embeddings",
                            "attention_factor",
                            "beta_fast",
                            "beta_slow",
                            "mscale",
                            "mscale_all_dim",
                            "truncate"),
            "longrope",
                    Set.of(
                            "factor",
                            "original_max_position_embeddings",
                            "attention_factor",
                            "short_factor",
                            "long_factor"));

    private static final Set<String> ALWAYS_KNOWN = Set.of("rope_type", "type", "rope_theta", "partial_rotary_factor");

    static HuggingFaceRope of(JsonFields config, DecoderFamily family) {
        boolean perLayer = family == DecoderFamily.GEMMA3;
        Optional<JsonFields> stated = stated(config);
        boolean neox = family == DecoderFamily.GPT_NEOX;
        double theta = config.real(neox ? "rotary_emb_base" : "rope_theta").orElse(perLayer ? GEMMA3_THETA : THETA);
        if (perLayer && config.object("rope_parameters").isPresent()) {
            checkNested(stated.orElseThrow());
            stated = stated.flatMap(both -> both.object(FULL));
        }
        double part = config.real(neox ? "rotary_pct" : "partial_rotary_factor").orElse(neox ? NEOX_PART : 1);
        return new HuggingFaceRope(stated, theta, part, config, family);
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
        HuggingFaceRope rope = new HuggingFaceRope(sliding, local, 1, config, family);
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

    /** Leading elements of a head that are turned, where that is not the whole head. */
    OptionalInt turned(int headSize) {
        double part = parameters
                .map(rope -> rope.real("partial_rotary_factor").orElse(defaultPart))
                .orElse(defaultPart);
        int turned = (int) (headSize * part);
        if (!(part > 0 && part <= 1) || turned < 2 || turned % 2 != 0) {
            throw new InvalidBaseModelException(config.where() + ": partial_rotary_factor must turn an even number of a"
                    + " head's " + headSize + " elements but is " + part);
        }
        return turned == headSize ? OptionalInt.empty() : OptionalInt.of(turned);
    }

    /** Scaling of the frequencies. */
    Optional<RopeScaling> scaling(int contextLength) {
        return parameters.flatMap(rope -> scaling(rope, contextLength));
    }

    private Optional<RopeScaling> scaling(JsonFields rope, int contextLength) {
        String type = type(rope);
        checkFields(rope, type);
        return switch (type) {
            case "default" -> Optional.empty();
            case "linear" -> Optional.of(new RopeScaling.Linear(rope.requiredReal("factor")));
            case "yarn" -> Optional.of(yarn(rope, contextLength));
            case "longrope" -> Optional.of(longRope(rope, contextLength));
            default ->
                Optional.of(new RopeScaling.Llama3(
                        rope.requiredReal("factor"),
                        rope.requiredReal("low_freq_factor"),
                        rope.requiredReal("high_freq_factor"),
                        rope.whole("original_max_position_embeddings").orElse(contextLength)));
        };
    }

    /** Phi-3 calls long RoPE by two other names, too. */
    private String type(JsonFields rope) {
        String field = rope.object().has("rope_type") ? "rope_type" : "type";
        String type = rope.text("rope_type").or(() -> rope.text("type")).orElse("default");
        if (!types().contains(type)) {
            throw rope.refusal(field, "one of " + String.join(", ", types()));
        }
        return family == DecoderFamily.PHI3 && !type.equals("default") ? "longrope" : type;
    }

    /** YaRN with parameters for each kind of layer reads one of them from elsewhere in transformers. */
    private List<String> types() {
        return switch (family) {
            case PHI3 -> List.of("default", "longrope", "su", "yarn");
            case GEMMA3 -> List.of("default", "linear", "llama3");
            default -> List.of("default", "linear", "llama3", "yarn");
        };
    }

    private RopeScaling yarn(JsonFields rope, int contextLength) {
        double factor = rope.requiredReal("factor");
        return new RopeScaling.Yarn(
                factor,
                orIfZero(rope.real("beta_fast"), YARN_FAST),
                orIfZero(rope.real("beta_slow"), YARN_SLOW),
                rope.flag("truncate").orElse(true),
                rope.whole("original_max_position_embeddings").orElse(contextLength),
                theta(),
                rope.real("attention_factor").orElse(yarnAttention(rope, factor)));
    }

    private static double yarnAttention(JsonFields rope, double factor) {
        double all = rope.real("mscale_all_dim").orElse(0);
        double scale = rope.real("mscale").orElse(0);
        return scale != 0 && all != 0
                ? yarnAttention(factor, scale) / yarnAttention(factor, all)
                : yarnAttention(factor, 1);
    }

    private static double yarnAttention(double factor, double scale) {
        return factor <= 1 ? 1 : 0.1 * scale * Math.log(factor) + 1;
    }

    /** As Python's {@code or}, which takes 0 for absent. */
    private static double orIfZero(OptionalDouble value, double otherwise) {
        return value.orElse(0) == 0 ? otherwise : value.getAsDouble();
    }

    /** The pre-training context stands beside the parameters, whatever they say of it. */
    private RopeScaling longRope(JsonFields rope, int contextLength) {
        int original = config.whole("original_max_position_embeddings")
                .orElse(family.defaults().contextLength());
        double factor = rope.real("factor").orElse((double) contextLength / original);
        double attention = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(original));
        return new RopeScaling.LongRope(
                rope.requiredReals("short_factor"),
                rope.requiredReals("long_factor"),
                original,
                rope.real("attention_factor").orElse(attention));
    }

    private void checkFields(JsonFields rope, String type) {
        Set<String> own = Optional.ofNullable(KNOWN.get(type)).orElseThrow();
        for (Map.Entry<String, JsonNode> field : rope.object().properties()) {
            String name = field.getKey();
            if (!own.contains(name)
                    && !ALWAYS_KNOWN.contains(name)
                    && !field.getValue().isNull()) {
                throw rope.refusal(name, "absent: known are " + known(own));
            }
        }
        if (!turnsParts() && rope.real("partial_rotary_factor").orElse(1) != 1) {
            throw rope.refusal("partial_rotary_factor", "1");
        }
    }

    /** Whether transformers turns only a part of each head where the configuration says so. */
    private boolean turnsParts() {
        return family == DecoderFamily.PHI3 || family == DecoderFamily.GPT_NEOX;
    }

    private static List<String> known(Set<String> own) {
        return Stream.concat(own.stream(), ALWAYS_KNOWN.stream()).sorted().toList();
    }
}
