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
            new Defaults(131_072, 4, 256, 1e-6)),
    PHI3(
            "phi3",
            "Phi3ForCausalLM",
            "sliding_window partial_rotary_factor original_max_position_embeddings",
            new Defaults(4096, 0, 0, 1e-5)),
    STARCODER2(
            "starcoder2",
            "Starcoder2ForCausalLM",
            "sliding_window use_bias hidden_act",
            new Defaults(4096, 2, 0, 1e-5),
            SizeFields.STARCODER2),
    GPT2(
            "gpt2",
            "GPT2LMHeadModel",
            "activation_function scale_attn_weights",
            new Defaults(1024, 0, 0, 1e-5),
            SizeFields.GPT2),
    GPT_NEOX(
            "gpt_neox",
            "GPTNeoXForCausalLM",
            "hidden_act use_parallel_residual attention_bias rotary_pct rotary_emb_base",
            new Defaults(2048, 0, 0, 1e-5),
            SizeFields.GPT_NEOX),
    FALCON(
            "falcon",
            "FalconForCausalLM",
            "num_ln_in_parallel_attn alibi new_decoder_architecture multi_query parallel_attn bias activation",
            new Defaults(2048, 0, 0, 1e-5),
            SizeFields.FALCON),
    MPT("mpt", "MptForCausalLM", "attn_config", new Defaults(2048, 0, 0, 1e-5), SizeFields.MPT);

    private final String modelType;
    private final String causalModel;
    private final String ownFields;
    private final int contextLength;
    private final int keyValueHeads;
    private final int headSize;
    private final double normEpsilon;
    private final SizeFields sizes;

    /** What the fields of sizes are called; an empty name where a family has none. */
    enum SizeFields {
        LLAMA(
                "hidden_size",
                "intermediate_size",
                "num_hidden_layers",
                "num_attention_heads",
                "num_key_value_heads",
                "head_dim",
                "max_position_embeddings",
                "rms_norm_eps"),
        STARCODER2(
                "hidden_size",
                "intermediate_size",
                "num_hidden_layers",
                "num_attention_heads",
                "num_key_value_heads",
                "head_dim",
                "max_position_embeddings",
                "norm_epsilon"),
        GPT2("n_embd", "n_inner", "n_layer", "n_head", "", "", "n_positions", "layer_norm_epsilon"),
        GPT_NEOX(
                "hidden_size",
                "intermediate_size",
                "num_hidden_layers",
                "num_attention_heads",
                "",
                "",
                "max_position_embeddings",
                "layer_norm_eps"),
        FALCON(
                "hidden_size",
                "ffn_hidden_size",
                "num_hidden_layers",
                "num_attention_heads",
                "num_kv_heads",
                "",
                "max_position_embeddings",
                "layer_norm_epsilon"),
        MPT("d_model", "", "n_layers", "n_heads", "", "", "max_seq_len", "layer_norm_epsilon");

        private final String hidden;
        private final String inner;
        private final String layers;
        private final String heads;
        private final String keyValueHeads;
        private final String headSize;
        private final String context;
        private final String normEpsilon;

        SizeFields(
                String hidden,
                String inner,
                String layers,
                String heads,
                String keyValueHeads,
                String headSize,
                String context,
                String normEpsilon) {
            this.hidden = hidden;
            this.inner = inner;
            this.layers = layers;
            this.heads = heads;
            this.keyValueHeads = keyValueHeads;
            this.headSize = headSize;
            this.context = context;
            this.normEpsilon = normEpsilon;
        }

        /** Of the width of the residual stream. */
        String hidden() {
            return hidden;
        }

        /** Of the width inside the feed-forward. */
        String inner() {
            return inner;
        }

        /** Of the number of blocks. */
        String layers() {
            return layers;
        }

        /** Of the query heads. */
        String heads() {
            return heads;
        }

        /** Of the key and value heads. */
        String keyValueHeads() {
            return keyValueHeads;
        }

        /** Of the width of a head. */
        String headSize() {
            return headSize;
        }

        /** Of the most positions. */
        String context() {
            return context;
        }

        /** Of what is added in the norms. */
        String normEpsilon() {
            return normEpsilon;
        }

        /** The names that are not empty. */
        List<String> names() {
            return Stream.of(hidden, inner, layers, heads, keyValueHeads, headSize, context, normEpsilon)
                    .filter(name -> !name.isEmpty())
                    .toList();
        }
    }

    /**
     * Values of fields that are absent, which is not null.
     *
     * @param contextLength most positions
     * @param keyValueHeads key and value heads; 0 for as many as there are attention heads
     * @param headSize width of a head; 0 for the hidden size divided by the attention heads
     * @param normEpsilon of the norms
     */
    record Defaults(int contextLength, int keyValueHeads, int headSize, double normEpsilon) {}

    DecoderFamily(String modelType, String causalModel, String ownFields, Defaults defaults) {
        this(modelType, causalModel, ownFields, defaults, SizeFields.LLAMA);
    }

    DecoderFamily(String modelType, String causalModel, String ownFields, Defaults defaults, SizeFields sizes) {
        this.modelType = modelType;
        this.causalModel = causalModel;
        this.ownFields = ownFields;
        this.contextLength = defaults.contextLength();
        this.keyValueHeads = defaults.keyValueHeads();
        this.headSize = defaults.headSize();
        this.normEpsilon = defaults.normEpsilon();
        this.sizes = sizes;
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

    /** Whether positions can be rotary in this family. */
    boolean isRotary() {
        return this != GPT2 && this != MPT;
    }

    /** Whether the head is the embedding where {@code tie_word_embeddings} is absent. */
    boolean isTiedByDefault() {
        return switch (this) {
            case LLAMA, MISTRAL, QWEN2, QWEN3, GRANITE, OLMO2, PHI3, GPT_NEOX -> false;
            case GEMMA2, GEMMA3, STARCODER2, GPT2, FALCON, MPT -> true;
        };
    }

    SizeFields sizes() {
        return sizes;
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
