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
        DecoderFamily.SizeFields fields = family.sizes();
        int hidden = config.requiredWhole(fields.hidden());
        int heads = config.requiredWhole(fields.heads());
        int headSize = headSize(hidden, heads);
        int layers = config.requiredWhole(fields.layers());
        int context = config.whole(fields.context()).orElse(family.defaults().contextLength());
        HuggingFaceRope rope = HuggingFaceRope.of(config, family);
        return new DecoderShape(
                family.modelType(),
                hidden,
                inner(hidden),
                layers,
                heads,
                keyValueHeads(heads),
                headSize,
                config.requiredWhole("vocab_size"),
                context,
                rope.theta(),
                rope.scaling(context),
                config.real(fields.normEpsilon()).orElse(family.defaults().normEpsilon()),
                config.flag("tie_word_embeddings").orElse(family.isTiedByDefault()),
                new HuggingFaceVariant(config, family).variant(hidden, layers, heads, headSize, rope));
    }

    private int inner(int hidden) {
        String field = family.sizes().inner();
        return switch (family) {
            case GPT2, FALCON -> config.whole(field).orElse(4 * hidden);
            case MPT -> 4 * hidden;
            default -> config.requiredWhole(field);
        };
    }

    private int headSize(int hidden, int heads) {
        String field = family.sizes().headSize();
        int absent = family.defaults().headSize();
        if (absent > 0 && config.isNull(field)) {
            throw config.refusal(field, "a whole number or absent");
        }
        OptionalInt stated = field.isEmpty() ? OptionalInt.empty() : config.whole(field);
        if (heads < 1 || (stated.isEmpty() && absent == 0 && hidden % heads != 0)) {
            throw config.refusal(
                    family.sizes().heads(), "a divisor of " + family.sizes().hidden() + " " + hidden);
        }
        return stated.orElse(absent > 0 ? absent : hidden / heads);
    }

    private int keyValueHeads(int heads) {
        String field = family.sizes().keyValueHeads();
        if (field.isEmpty()) {
            return heads;
        }
        if (family == DecoderFamily.FALCON) {
            return new FalconVariant(config).keyValueHeads(heads);
        }
        int absent = family.defaults().keyValueHeads();
        boolean stated = config.object().has(field) || absent == 0;
        return config.whole(field).orElse(stated ? heads : absent);
    }
}
