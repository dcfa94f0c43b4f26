package io.sparklora.pipeline.basemodel;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Reads a decoder's shape from {@code config.json} as transformers does: its defaults where a field is absent
 * ({@link DecoderFamily}), except that sizes must be stated.
 */
final class HuggingFaceConfig {
    private static final Set<String> UNSCALED = Set.of("rope_type", "type", "rope_theta", "partial_rotary_factor");
    private static final Set<String> LLAMA3 = Set.of(
            "rope_type",
            "type",
            "rope_theta",
            "partial_rotary_factor",
            "factor",
            "low_freq_factor",
            "high_freq_factor",
            "original_max_position_embeddings");

    private final JsonFields config;
    private final DecoderFamily family;

    private HuggingFaceConfig(JsonFields config, DecoderFamily family) {
        this.config = config;
        this.family = family;
    }

    /** The shape; refuses what no family as computed here has. */
    static DecoderShape shape(JsonFields config) {
        String modelType = config.text("model_type").orElseThrow(() -> config.missing("model_type"));
        DecoderFamily family = DecoderFamily.of(modelType)
                .orElseThrow(
                        () -> config.refusal("model_type", "one of " + String.join(", ", DecoderFamily.modelTypes())));
        ConfigFieldRule.check(config.object(), family, config.where());
        try {
            return new HuggingFaceConfig(config, family).shape();
        } catch (IllegalArgumentException e) {
            throw new InvalidBaseModelException(config.where() + ": " + e.getMessage(), e);
        }
    }

    private DecoderShape shape() {
        int hidden = config.requiredWhole("hidden_size");
        int heads = config.requiredWhole("num_attention_heads");
        if (heads < 1 || (config.whole("head_dim").isEmpty() && hidden % heads != 0)) {
            throw config.refusal("num_attention_heads", "a divisor of hidden_size " + hidden);
        }
        int layers = config.requiredWhole("num_hidden_layers");
        int context =
                config.whole("max_position_embeddings").orElse(family.defaults().contextLength());
        return new DecoderShape(
                family.modelType(),
                hidden,
                config.requiredWhole("intermediate_size"),
                layers,
                heads,
                keyValueHeads(heads),
                config.whole("head_dim").orElse(hidden / heads),
                config.requiredWhole("vocab_size"),
                context,
                theta(),
                scaling(context),
                config.real("rms_norm_eps").orElse(family.defaults().normEpsilon()),
                config.flag("tie_word_embeddings").orElse(false),
                new HuggingFaceVariant(config, family).variant(layers, context));
    }

    private int keyValueHeads(int heads) {
        int absent = family.defaults().keyValueHeads();
        boolean stated = config.object().has("num_key_value_heads") || absent == 0;
        return config.whole("num_key_value_heads").orElse(stated ? heads : absent);
    }

    /** transformers 5 keeps theta and scaling in {@code rope_parameters}, earlier versions in two fields. */
    private Optional<JsonFields> rope() {
        Optional<JsonFields> parameters = config.object("rope_parameters");
        Optional<JsonFields> scaling = config.object("rope_scaling");
        if (parameters.isPresent() && scaling.isPresent()) {
            throw config.refusal("rope_scaling", "absent, since there is rope_parameters");
        }
        return parameters.or(() -> scaling);
    }

    private double theta() {
        double stated = config.real("rope_theta").orElse(10_000);
        return rope().map(rope -> rope.real("rope_theta").orElse(stated)).orElse(stated);
    }

    private Optional<RopeScaling> scaling(int context) {
        Optional<JsonFields> found = rope();
        if (found.isEmpty()) {
            return Optional.empty();
        }
        JsonFields rope = found.get();
        String type = rope.text("rope_type").or(() -> rope.text("type")).orElse("default");
        boolean llama3 = type.equals("llama3");
        if (!llama3 && !type.equals("default")) {
            throw rope.refusal(rope.object().has("rope_type") ? "rope_type" : "type", "default or llama3");
        }
        checkFields(rope, llama3 ? LLAMA3 : UNSCALED);
        if (!llama3) {
            return Optional.empty();
        }
        return Optional.of(new RopeScaling.Llama3(
                rope.requiredReal("factor"),
                rope.requiredReal("low_freq_factor"),
                rope.requiredReal("high_freq_factor"),
                rope.whole("original_max_position_embeddings").orElse(context)));
    }

    private static void checkFields(JsonFields rope, Set<String> known) {
        for (Map.Entry<String, JsonNode> field : rope.object().properties()) {
            if (!known.contains(field.getKey()) && !field.getValue().isNull()) {
                throw rope.refusal(
                        field.getKey(),
                        "absent: known are "
                                + List.copyOf(known).stream().sorted().toList());
            }
        }
        if (rope.real("partial_rotary_factor").orElse(1) != 1) {
            throw rope.refusal("partial_rotary_factor", "1");
        }
    }
}
