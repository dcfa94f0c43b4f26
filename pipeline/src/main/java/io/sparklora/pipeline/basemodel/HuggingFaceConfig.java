package io.sparklora.pipeline.basemodel;

import java.util.OptionalInt;

/**
 * Reads a decoder's shape from {@code config.json} as transformers does: its defaults where a field is absent
 * ({@link DecoderFamily}), except that sizes must be stated.
 */
final class HuggingFaceConfig {
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
        int headSize = headSize(hidden, heads);
        int layers = config.requiredWhole("num_hidden_layers");
        int context =
                config.whole("max_position_embeddings").orElse(family.defaults().contextLength());
        HuggingFaceRope rope = HuggingFaceRope.of(config, family);
        return new DecoderShape(
                family.modelType(),
                hidden,
                config.requiredWhole("intermediate_size"),
                layers,
                heads,
                keyValueHeads(heads),
                headSize,
                config.requiredWhole("vocab_size"),
                context,
                rope.theta(),
                rope.scaling(context),
                config.real("rms_norm_eps").orElse(family.defaults().normEpsilon()),
                config.flag("tie_word_embeddings").orElse(family.isGemma()),
                new HuggingFaceVariant(config, family).variant(hidden, layers));
    }

    private int headSize(int hidden, int heads) {
        int absent = family.defaults().headSize();
        if (absent > 0 && config.isNull("head_dim")) {
            throw config.refusal("head_dim", "a whole number or absent");
        }
        OptionalInt stated = config.whole("head_dim");
        if (heads < 1 || (stated.isEmpty() && absent == 0 && hidden % heads != 0)) {
            throw config.refusal("num_attention_heads", "a divisor of hidden_size " + hidden);
        }
        return stated.orElse(absent > 0 ? absent : hidden / heads);
    }

    private int keyValueHeads(int heads) {
        int absent = family.defaults().keyValueHeads();
        boolean stated = config.object().has("num_key_value_heads") || absent == 0;
        return config.whole("num_key_value_heads").orElse(stated ? heads : absent);
    }
}
