package io.sparklora.pipeline.basemodel;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * A family of decoders as {@code config.json} names it, with what transformers assumes where a field is absent
 * (transformers 5.23.0, {@code models/NAME/configuration_NAME.py}).
 */
enum DecoderFamily {
    LLAMA("llama", "LlamaForCausalLM", "attention_bias mlp_bias", new Defaults(2048, 0, 1e-6)),
    MISTRAL("mistral", "MistralForCausalLM", "sliding_window", new Defaults(131_072, 8, 1e-6)),
    QWEN2(
            "qwen2",
            "Qwen2ForCausalLM",
            "use_sliding_window sliding_window max_window_layers layer_types",
            new Defaults(32_768, 32, 1e-6));

    private final String modelType;
    private final String causalModel;
    private final Set<String> ownFields;
    private final Defaults defaults;

    /**
     * Values of fields that are absent, which is not null.
     *
     * @param contextLength of {@code max_position_embeddings}
     * @param keyValueHeads of {@code num_key_value_heads}; 0 for as many as there are attention heads
     * @param normEpsilon of {@code rms_norm_eps}
     */
    record Defaults(int contextLength, int keyValueHeads, double normEpsilon) {}

    DecoderFamily(String modelType, String causalModel, String ownFields, Defaults defaults) {
        this.modelType = modelType;
        this.causalModel = causalModel;
        this.ownFields = Set.of(ownFields.split(" ", -1));
        this.defaults = defaults;
    }

    /** The family of a {@code model_type}, if it is one of those that are computed here. */
    static Optional<DecoderFamily> of(String modelType) {
        return Stream.of(values())
                .filter(family -> family.modelType.equals(modelType))
                .findFirst();
    }

    /** Every model_type, sorted. */
    static List<String> modelTypes() {
        return Stream.of(values()).map(DecoderFamily::modelType).sorted().toList();
    }

    String modelType() {
        return modelType;
    }

    /** The one class in {@code architectures} that has this forward pass. */
    String causalModel() {
        return causalModel;
    }

    /** Fields that {@link HuggingFaceConfig} reads for this family beside those that it reads for all. */
    Set<String> ownFields() {
        return ownFields;
    }

    Defaults defaults() {
        return defaults;
    }
}
