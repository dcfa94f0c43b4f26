package io.sparklora.pipeline.basemodel;

import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A value of {@code general.architecture} whose forward pass is computed here (gguf 0.19.0, {@code constants.py}). */
enum GgufArchitecture {
    LLAMA("llama", DecoderFamily.LLAMA, ""),
    QWEN2("qwen2", DecoderFamily.QWEN2, ""),
    QWEN3("qwen3", DecoderFamily.QWEN3, ""),
    GEMMA2("gemma2", DecoderFamily.GEMMA2, "attention.sliding_window attn_logit_softcapping final_logit_softcapping"),
    GEMMA3(
            "gemma3",
            DecoderFamily.GEMMA3,
            "attention.sliding_window rope.scaling.type rope.scaling.factor rope.freq_base_swa"
                    + " final_logit_softcapping"),
    PHI3(
            "phi3",
            DecoderFamily.PHI3,
            "attention.sliding_window rope.scaling.type rope.scaling.original_context_length"
                    + " rope.scaling.attn_factor"),
    STARCODER2("starcoder2", DecoderFamily.STARCODER2, "attention.layer_norm_epsilon"),
    GPT2("gpt2", DecoderFamily.GPT2, "attention.layer_norm_epsilon");

    private static final String GENERAL = "general.architecture";

    private final String ggufName;
    private final DecoderFamily family;
    private final String ownKeys;

    GgufArchitecture(String ggufName, DecoderFamily family, String ownKeys) {
        this.ggufName = ggufName;
        this.family = family;
        this.ownKeys = ownKeys;
    }

    /** The one that a file states; refuses all others by name. */
    static GgufArchitecture of(GgufMetadata metadata) {
        String stated = metadata.text(GENERAL).orElseThrow(() -> metadata.missing(GENERAL));
        return Stream.of(values())
                .filter(architecture -> architecture.ggufName.equals(stated))
                .findFirst()
                .orElseThrow(() -> metadata.refusal(GENERAL, "one of " + names()));
    }

    private static String names() {
        return Stream.of(values()).map(architecture -> architecture.ggufName).collect(Collectors.joining(", "));
    }

    DecoderFamily family() {
        return family;
    }

    /** A metadata key of this architecture. */
    String key(String suffix) {
        return ggufName + "." + suffix;
    }

    /** Keys, without the architecture's name, that are read for it beside those that are read for all. */
    Set<String> ownKeys() {
        return ownKeys.isEmpty() ? Set.of() : Set.of(ownKeys.split(" ", -1));
    }

    /** Rotary frequencies that a file may have beside the weights. */
    Set<String> frequencyTensors() {
        return switch (this) {
            case LLAMA, QWEN2, QWEN3, STARCODER2 -> Set.of("rope_freqs.weight");
            case PHI3 -> Set.of("rope_factors_long.weight", "rope_factors_short.weight");
            case GEMMA2, GEMMA3, GPT2 -> Set.of();
        };
    }

    /** The names of its tensors (gguf 0.19.0, {@code tensor_mapping.py}). */
    FamilyNames names(NormPlacement placement) {
        Map<String, String> norms = placement == NormPlacement.BEFORE_AND_AFTER
                ? Map.of(
                        "input_layernorm", "attn_norm",
                        "post_attention_layernorm", "post_attention_norm",
                        "pre_feedforward_layernorm", "ffn_norm",
                        "post_feedforward_layernorm", "post_ffw_norm",
                        "self_attn.q_norm", "attn_q_norm",
                        "self_attn.k_norm", "attn_k_norm")
                : Map.of(
                        "input_layernorm", "attn_norm",
                        "post_attention_layernorm", "ffn_norm",
                        "self_attn.q_norm", "attn_q_norm",
                        "self_attn.k_norm", "attn_k_norm");
        return switch (this) {
            case PHI3 -> FamilyNames.gguf(norms, FamilyNames.GGUF_FUSED_WITH_GATE);
            case GPT2 -> FamilyNames.gguf(norms, FamilyNames.GGUF_FUSED);
            case STARCODER2 -> FamilyNames.gguf(norms, FamilyNames.GGUF_WITHOUT_GATE);
            case LLAMA, QWEN2, QWEN3, GEMMA2, GEMMA3 -> FamilyNames.gguf(norms, FamilyNames.GGUF_SEVEN);
        };
    }

    /** Whether the two halves of each head of queries and keys are interleaved. */
    boolean interleaves() {
        return this == LLAMA;
    }
}
