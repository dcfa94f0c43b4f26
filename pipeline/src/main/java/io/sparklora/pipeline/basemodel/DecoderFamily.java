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
    LLAMA("llama", "LlamaForCausalLM", "attention_bias mlp_bias", new Defaults(2048, 0, 0, 1e-6)),
    MISTRAL("mistral", "MistralForCausalLM", "sliding_window", new Defaults(131_072, 8, 0, 1e-6)),
    QWEN2(
            "qwen2",
            "Qwen2ForCausalLM",
            "use_sliding_window sliding_window max_window_layers layer_types",
            new Defaults(32_768, 32, 0, 1e-6)),
    QWEN3(
            "qwen3",
            "Qwen3ForCausalLM",
            "attention_bias use_sliding_window sliding_window max_window_layers layer_types",
            new Defaults(32_768, 32, 128, 1e-6)),
    GRANITE(
            "granite",
            "GraniteForCausalLM",
            "attention_bias mlp_bias embedding_multiplier attention_multiplier residual_multiplier logits_scaling",
            new Defaults(2048, 0, 0, 1e-6)),
    OLMO2("olmo2", "Olmo2ForCausalLM", "attention_bias", new Defaults(2048, 0, 0, 1e-5)),
    GEMMA2(
            "gemma2",
            "Gemma2ForCausalLM",
            "attention_bias sliding_window layer_types query_pre_attn_scalar attn_logit_softcapping"
                    + " final_logit_softcapping",
            new Defaults(8192, 4, 256, 1e-6)),
    GEMMA3(
            "gemma3_text",
            "Gemma3ForCausalLM",
            "attention_bias sliding_window layer_types query_pre_attn_scalar final_logit_softcapping"
                    + " sliding_window_pattern rope_local_base_freq",
            new Defaults(131_072, 4, 256, 1e-6));

    private final String modelType;
    private final String causalModel;
    private final String ownFields;
    private final int contextLength;
    private final int keyValueHeads;
    private final int headSize;
    private final double normEpsilon;

    /**
     * Values of fields that are absent, which is not null.
     *
     * @param contextLength of {@code max_position_embeddings}
     * @param keyValueHeads of {@code num_key_value_heads}; 0 for as many as there are attention heads
     * @param headSize of {@code head_dim}; 0 for the hidden size divided by the attention heads
     * @param normEpsilon of {@code rms_norm_eps}
     */
    record Defaults(int contextLength, int keyValueHeads, int headSize, double normEpsilon) {}

    DecoderFamily(String modelType, String causalModel, String ownFields, Defaults defaults) {
        this.modelType = modelType;
        this.causalModel = causalModel;
        this.ownFields = ownFields;
        this.contextLength = defaults.contextLength();
        this.keyValueHeads = defaults.keyValueHeads();
        this.headSize = defaults.headSize();
        this.normEpsilon = defaults.normEpsilon();
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

    boolean isGemma() {
        return this == GEMMA2 || this == GEMMA3;
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
        return Set.of(ownFields.split(" ", -1));
    }

    Defaults defaults() {
        return new Defaults(contextLength, keyValueHeads, headSize, normEpsilon);
    }
}
