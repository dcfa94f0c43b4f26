package io.sparklora.pipeline.basemodel;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What becomes of a metadata key that describes the model or its tokenizer. The table below names every such key that
 * a GGUF file of one of the architectures may carry, those of architectures without their name; a key that is not in it is refused, since it could change the forward
 * pass or the token ids.
 */
sealed interface GgufKeyRule {
    /** The key is read; where it is read its value is checked. */
    record Implemented() implements GgufKeyRule {}

    /** The key changes neither the forward pass nor token ids. */
    record Irrelevant() implements GgufKeyRule {}

    /** The key may only have a value that changes nothing. */
    record Neutral(String allowed, Check check) implements GgufKeyRule {}

    /** Whether a value changes nothing. */
    @FunctionalInterface
    interface Check {
        boolean allows(GgufValue value, GgufMetadata metadata);
    }

    /** Keys with this prefix must all have a rule. */
    String TOKENIZER = "tokenizer.";

    /** The rule of every key that is known, whatever the architecture, unless it reads the key itself. */
    Map<String, GgufKeyRule> RULES = Map.ofEntries(
            implemented("vocab_size"),
            implemented("context_length"),
            implemented("embedding_length"),
            implemented("block_count"),
            implemented("feed_forward_length"),
            implemented("attention.head_count"),
            implemented("attention.head_count_kv"),
            implemented("attention.key_length"),
            implemented("attention.value_length"),
            implemented("attention.layer_norm_rms_epsilon"),
            implemented("rope.dimension_count"),
            implemented("rope.freq_base"),
            neutral("rope.scaling.type", "none or linear", isText("none", "linear")),
            neutral("rope.scaling.factor", "1 (or 0, for none)", isReal(0, 1)),
            neutral("rope.scale_linear", "1 (or 0, for none)", isReal(0, 1)),
            neutral("rope.scaling.attn_factor", "1", isReal(1, 1)),
            irrelevant("rope.scaling.original_context_length"),
            irrelevant("rope.scaling.finetuned"),
            neutral("attention.causal", "true", isFlag(true)),
            neutral("attention.scale", "0 (for the square root of the head size)", isReal(0, 0)),
            neutral("attention.clamp_kqv", "0", isReal(0, 0)),
            neutral("attention.max_alibi_bias", "0", isReal(0, 0)),
            neutral("attention.sliding_window", "0 or at least the context length", GgufKeyRule::coversContext),
            irrelevant("attention.layer_norm_epsilon"),
            neutral("use_parallel_residual", "false", isFlag(false)),
            neutral("tensor_data_layout", "Meta AI original pth", isText("Meta AI original pth")),
            neutral("expert_count", "0", isWhole(0)),
            neutral("expert_used_count", "0", isWhole(0)),
            implemented("tokenizer.ggml.model"),
            implemented("tokenizer.ggml.pre"),
            implemented("tokenizer.ggml.tokens"),
            implemented("tokenizer.ggml.token_type"),
            implemented("tokenizer.ggml.scores"),
            implemented("tokenizer.ggml.merges"),
            implemented("tokenizer.ggml.bos_token_id"),
            implemented("tokenizer.ggml.eos_token_id"),
            implemented("tokenizer.ggml.eot_token_id"),
            implemented("tokenizer.ggml.padding_token_id"),
            implemented("tokenizer.ggml.unknown_token_id"),
            implemented("tokenizer.ggml.add_bos_token"),
            implemented("tokenizer.ggml.add_space_prefix"),
            implemented("tokenizer.chat_template"),
            irrelevant("tokenizer.chat_templates"),
            irrelevant("tokenizer.huggingface.json"),
            irrelevant("tokenizer.ggml.add_eos_token"),
            irrelevant("tokenizer.ggml.token_type_count"),
            irrelevant("tokenizer.ggml.eom_token_id"),
            irrelevant("tokenizer.ggml.mask_token_id"),
            irrelevant("tokenizer.ggml.cls_token_id"),
            irrelevant("tokenizer.ggml.seperator_token_id"),
            irrelevant("tokenizer.ggml.prefix_token_id"),
            irrelevant("tokenizer.ggml.suffix_token_id"),
            irrelevant("tokenizer.ggml.middle_token_id"),
            irrelevant("tokenizer.ggml.fim_pre_token_id"),
            irrelevant("tokenizer.ggml.fim_suf_token_id"),
            irrelevant("tokenizer.ggml.fim_mid_token_id"),
            irrelevant("tokenizer.ggml.fim_pad_token_id"),
            irrelevant("tokenizer.ggml.fim_rep_token_id"),
            irrelevant("tokenizer.ggml.fim_sep_token_id"),
            neutral("tokenizer.ggml.remove_extra_whitespaces", "false", isFlag(false)),
            neutral("general.type", "model", isText("model")),
            neutral("general.quantization_version", "2", isWhole(2)),
            neutral("split.count", "1 (a model in several GGUF files is not read)", isWhole(0, 1)));

    /** Refuses the first key that means something that is not computed here. */
    static void check(GgufMetadata metadata, GgufArchitecture architecture) {
        String prefix = architecture.key("");
        for (String key : metadata.keys()) {
            boolean own = key.startsWith(prefix);
            String suffix = own ? key.substring(prefix.length()) : key;
            if (own && architecture.ownKeys().contains(suffix)) {
                continue;
            }
            @Nullable GgufKeyRule rule = RULES.get(suffix);
            boolean mustBeKnown = own || key.startsWith(TOKENIZER);
            if (rule == null && mustBeKnown && !key.startsWith("tokenizer.chat_template.")) {
                throw metadata.unknown(key);
            }
            Optional<GgufValue> value = metadata.value(key);
            if (rule instanceof Neutral neutral && !neutral.check().allows(value.orElseThrow(), metadata)) {
                throw metadata.refusal(key, neutral.allowed());
            }
        }
    }

    private static Map.Entry<String, GgufKeyRule> implemented(String key) {
        return Map.entry(key, new Implemented());
    }

    private static Map.Entry<String, GgufKeyRule> irrelevant(String key) {
        return Map.entry(key, new Irrelevant());
    }

    private static Map.Entry<String, GgufKeyRule> neutral(String key, String allowed, Check check) {
        return Map.entry(key, new Neutral(allowed, check));
    }

    private static Check isText(String... allowed) {
        return (value, metadata) ->
                value instanceof GgufValue.Text text && List.of(allowed).contains(text.value());
    }

    private static Check isReal(double one, double other) {
        return (value, metadata) ->
                value instanceof GgufValue.Real real && (real.value() == one || real.value() == other);
    }

    private static Check isFlag(boolean allowed) {
        return (value, metadata) -> value instanceof GgufValue.Flag flag && flag.value() == allowed;
    }

    private static Check isWhole(long... allowed) {
        return (value, metadata) -> value instanceof GgufValue.Whole whole
                && Arrays.stream(allowed).anyMatch(each -> each == whole.value());
    }

    private static boolean coversContext(GgufValue value, GgufMetadata metadata) {
        long context = metadata.whole(GgufArchitecture.of(metadata).key("context_length"))
                .orElse(Long.MAX_VALUE);
        return value instanceof GgufValue.Whole whole && (whole.value() == 0 || whole.value() >= context);
    }
}
