package io.sparklora.pipeline.basemodel;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Reads a decoder's shape from {@code config.json} as transformers does: its defaults where a field is absent
 * (transformers {@code configuration_llama.py}, {@code configuration_mistral.py}), except that sizes must be stated.
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
    private final boolean mistral;

    private HuggingFaceConfig(JsonFields config, boolean mistral) {
        this.config = config;
        this.mistral = mistral;
    }

    /** The shape; refuses what the Llama family as computed here does not have. */
    static DecoderShape shape(JsonFields config) {
        String modelType = config.text("model_type").orElseThrow(() -> config.missing("model_type"));
        if (!Set.of("llama", "mistral").contains(modelType)) {
            throw config.refusal("model_type", "llama or mistral");
        }
        ConfigFieldRule.check(config.object(), config.where());
        try {
            return new HuggingFaceConfig(config, modelType.equals("mistral")).shape(modelType);
        } catch (IllegalArgumentException e) {
            throw new InvalidBaseModelException(config.where() + ": " + e.getMessage(), e);
        }
    }

    private DecoderShape shape(String modelType) {
        int hidden = config.requiredWhole("hidden_size");
        int heads = config.requiredWhole("num_attention_heads");
        if (heads < 1 || (config.whole("head_dim").isEmpty() && hidden % heads != 0)) {
            throw config.refusal("num_attention_heads", "a divisor of hidden_size " + hidden);
        }
        int context = config.whole("max_position_embeddings").orElse(mistral ? 131_072 : 2048);
        checkSlidingWindow(context);
        return new DecoderShape(
                modelType,
                hidden,
                config.requiredWhole("intermediate_size"),
                config.requiredWhole("num_hidden_layers"),
                heads,
                keyValueHeads(heads),
                config.whole("head_dim").orElse(hidden / heads),
                config.requiredWhole("vocab_size"),
                context,
                theta(),
                scaling(context),
                config.real("rms_norm_eps").orElse(1e-6),
                config.flag("tie_word_embeddings").orElse(false));
    }

    private int keyValueHeads(int heads) {
        boolean absent = !config.object().has("num_key_value_heads");
        return config.whole("num_key_value_heads").orElse(mistral && absent ? 8 : heads);
    }

    /** Attention here sees all positions, so that a window must not be narrower; Mistral's default is one of 4096. */
    private void checkSlidingWindow(int context) {
        boolean absent = !config.object().has("sliding_window");
        int window = config.whole("sliding_window").orElse(mistral && absent ? 4096 : Integer.MAX_VALUE);
        if (mistral && window < context) {
            throw new InvalidBaseModelException(config.where() + ": field sliding_window must be null or at least"
                    + " max_position_embeddings " + context + " but is " + window
                    + (absent ? " (MistralConfig's default)" : ""));
        }
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
