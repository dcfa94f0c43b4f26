package io.sparklora.pipeline.basemodel;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Walks every field that transformers reads of each family ({@code config_fields.json}, which
 * {@code interop/family_goldens.py} lists with the fields' defaults).
 */
class ConfigFieldRuleTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** Read by {@link HuggingFaceTokens}. */
    private static final Set<String> TOKENS = Set.of("bos_token_id", "eos_token_id", "pad_token_id");

    /** For each implemented field two values that mean something, and differ in it. */
    private static final Map<String, List<Object>> VALUES = Map.ofEntries(
            Map.entry("model_type", List.of("no-such-type", "no-other-type")),
            Map.entry("vocab_size", List.of(300, 301)),
            Map.entry("hidden_size", List.of(32, 40)),
            Map.entry("intermediate_size", List.of(48, 49)),
            Map.entry("num_hidden_layers", List.of(2, 3)),
            Map.entry("num_attention_heads", List.of(4, 8)),
            Map.entry("num_key_value_heads", List.of(2, 1)),
            Map.entry("head_dim", List.of(16, 24)),
            Map.entry("max_position_embeddings", List.of(64, 65)),
            Map.entry("rms_norm_eps", List.of(1e-3, 1e-4)),
            Map.entry("norm_epsilon", List.of(1e-3, 1e-4)),
            Map.entry("layer_norm_epsilon", List.of(1e-3, 1e-4)),
            Map.entry("layer_norm_eps", List.of(1e-3, 1e-4)),
            Map.entry("rotary_pct", List.of(0.5, 1)),
            Map.entry("rotary_emb_base", List.of(500, 600)),
            Map.entry("use_parallel_residual", List.of(true, false)),
            Map.entry("num_kv_heads", List.of(2, 1)),
            Map.entry("ffn_hidden_size", List.of(48, 49)),
            Map.entry("num_ln_in_parallel_attn", List.of(2, 1)),
            Map.entry("alibi", List.of(false, true)),
            Map.entry("new_decoder_architecture", List.of(true, false)),
            Map.entry("multi_query", List.of(true, false)),
            Map.entry("parallel_attn", List.of(true, false)),
            Map.entry("bias", List.of(true, false)),
            Map.entry("activation", List.of("gelu", "silu")),
            Map.entry("d_model", List.of(32, 40)),
            Map.entry("n_layers", List.of(2, 3)),
            Map.entry("n_heads", List.of(4, 8)),
            Map.entry("max_seq_len", List.of(64, 65)),
            Map.entry("attn_config", List.of(Map.of("softmax_scale", 0.1), Map.of("softmax_scale", 0.2))),
            Map.entry("n_embd", List.of(32, 40)),
            Map.entry("n_inner", List.of(48, 49)),
            Map.entry("n_layer", List.of(2, 3)),
            Map.entry("n_head", List.of(4, 8)),
            Map.entry("n_positions", List.of(64, 65)),
            Map.entry("use_bias", List.of(true, false)),
            Map.entry("hidden_act", List.of("gelu", "gelu_new")),
            Map.entry("activation_function", List.of("gelu", "silu")),
            Map.entry("scale_attn_weights", List.of(true, false)),
            Map.entry("rope_theta", List.of(500, 600)),
            Map.entry("rope_scaling", List.of(llama3(2), llama3(3))),
            Map.entry("rope_parameters", List.of(llama3(2), llama3(3))),
            Map.entry("tie_word_embeddings", List.of(true, false)),
            Map.entry("attention_bias", List.of(true, false)),
            Map.entry("mlp_bias", List.of(true, false)),
            Map.entry("embedding_multiplier", List.of(2, 3)),
            Map.entry("attention_multiplier", List.of(2, 3)),
            Map.entry("residual_multiplier", List.of(2, 3)),
            Map.entry("logits_scaling", List.of(2, 3)),
            Map.entry("query_pre_attn_scalar", List.of(2, 3)),
            Map.entry("attn_logit_softcapping", List.of(2, 3)),
            Map.entry("final_logit_softcapping", List.of(2, 3)),
            Map.entry("sliding_window_pattern", List.of(2, 1)),
            Map.entry("rope_local_base_freq", List.of(20, 30)),
            Map.entry("sliding_window", List.of(7, 8)),
            Map.entry("use_sliding_window", List.of(true, false)),
            Map.entry("original_max_position_embeddings", List.of(16, 17)),
            Map.entry("partial_rotary_factor", List.of(1, 0.5)),
            Map.entry("max_window_layers", List.of(1, 0)),
            Map.entry(
                    "layer_types",
                    List.of(
                            List.of("full_attention", "sliding_attention"),
                            List.of("sliding_attention", "full_attention"))));

    private static Map<String, Object> llama3(int factor) {
        return Map.of("rope_type", "llama3", "factor", factor, "low_freq_factor", 1, "high_freq_factor", 4);
    }

    /** For a head of 8. */
    private static Map<String, Object> longRope(int factor) {
        return Map.of(
                "rope_type", "longrope", "short_factor", List.of(1, 1, 1, 1), "long_factor", List.of(1, 1, 1, factor));
    }

    private static final Map<String, Map<String, JsonNode>> READ = read();

    private static Map<String, Map<String, JsonNode>> read() {
        try (InputStream in = ConfigFieldRuleTest.class.getResourceAsStream("config_fields.json")) {
            Map<String, Map<String, JsonNode>> read = new TreeMap<>();
            for (Map.Entry<String, JsonNode> family : JSON.readTree(in).properties()) {
                Map<String, JsonNode> fields = new TreeMap<>();
                family.getValue().properties().forEach(field -> fields.put(field.getKey(), field.getValue()));
                read.put(family.getKey(), fields);
            }
            return read;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Map<String, JsonNode> readOf(DecoderFamily family) {
        return Optional.ofNullable(READ.get(family.modelType())).orElseThrow();
    }

    @Test
    void everyFamilyIsWalked() {
        assertThat(READ.keySet()).containsExactlyElementsOf(DecoderFamily.modelTypes());
    }

    @ParameterizedTest
    @EnumSource
    void everyFieldThatTransformersReadsHasARule(DecoderFamily family) {
        assertThat(ConfigFieldRule.rules(family).keySet())
                .containsAll(readOf(family).keySet());
    }

    @ParameterizedTest
    @EnumSource
    void everyImplementedFieldChangesTheShapeOrIsRefused(DecoderFamily family) {
        Map<String, Object> rich = new LinkedHashMap<>();
        family.ownFields().stream()
                .filter(field -> !field.equals("layer_types"))
                .forEach(field -> rich.put(field, value(field, 0)));
        if (family == DecoderFamily.PHI3) {
            rich.put("rope_parameters", longRope(2));
        }
        ConfigFieldRule.rules(family).forEach((field, rule) -> {
            if (rule instanceof ConfigFieldRule.Implemented && !TOKENS.contains(field)) {
                Object before = shape(family, beside(field, rich), field, valueOf(family, field, 0));
                Object after = shape(family, beside(field, rich), field, valueOf(family, field, 1));
                assertThat(after).as(family + " " + field).isNotEqualTo(before);
            }
        });
    }

    /** transformers ignores Falcon's multi_query in the new architecture. */
    private static Map<String, Object> beside(String field, Map<String, Object> rich) {
        return field.equals("multi_query") ? Map.of("num_kv_heads", 4) : rich;
    }

    /** Gemma 3 has rotary parameters for each kind of layer, Phi-3 a scaling of its own. */
    private static Object valueOf(DecoderFamily family, String field, int which) {
        if (family == DecoderFamily.PHI3 && field.startsWith("rope_") && !field.equals("rope_theta")) {
            return longRope(which + 2);
        }
        return family == DecoderFamily.GEMMA3 && field.equals("rope_parameters")
                ? Map.of("full_attention", value(field, which))
                : value(field, which);
    }

    private static Object value(String field, int which) {
        return Optional.ofNullable(VALUES.get(field)).orElseThrow().get(which);
    }

    @ParameterizedTest
    @EnumSource
    void everyNeutralFieldRefusesAnotherValue(DecoderFamily family) {
        ConfigFieldRule.rules(family).forEach((field, rule) -> {
            if (rule instanceof ConfigFieldRule.Neutral) {
                assertThat(shape(family, Map.of(), field, Map.of("another", 1)))
                        .as(family + " " + field)
                        .asString()
                        .contains("field " + field + " must be ");
            }
        });
    }

    static List<Arguments> refusedMptAttention() {
        return List.of(
                Arguments.of("attn_type", "multiquery_attention"),
                Arguments.of("prefix_lm", true),
                Arguments.of("qk_ln", true),
                Arguments.of("attn_uses_sequence_id", true),
                Arguments.of("alibi", false),
                Arguments.of("alibi_bias_max", 16),
                Arguments.of("clip_qkv", 6),
                Arguments.of("rope_theta", 500));
    }

    @ParameterizedTest
    @MethodSource("refusedMptAttention")
    void anotherAttentionOfMptIsRefused(String field, Object value) {
        assertThat(shape(DecoderFamily.MPT, Map.of(), "attn_config", Map.of(field, value)))
                .asString()
                .contains("attn_config: field " + field + " must be ");
    }

    @ParameterizedTest
    @EnumSource
    void absentFieldsHaveTransformersDefaults(DecoderFamily family) {
        Object absent = shape(family, Map.of(), "use_cache", true);

        readOf(family).forEach((field, value) -> {
            boolean read = ConfigFieldRule.rules(family).get(field) instanceof ConfigFieldRule.Implemented;
            if (read && !value.isNull() && !sizes(family).containsKey(field)) {
                assertThat(shape(family, Map.of(), field, value))
                        .as(family + " " + field + " = " + value)
                        .isEqualTo(absent);
            }
        });
        DecoderFamily.SizeFields names = family.sizes();
        JsonNode standard = readOf(family).getOrDefault(names.keyValueHeads(), NullNode.instance);
        if (!standard.isNull()) {
            ObjectNode config = config(
                    family, Map.of(names.hidden(), 64, names.heads(), 32, names.keyValueHeads(), standard.intValue()));
            Object stated = HuggingFaceConfig.shape(new JsonFields(config, "config.json"));
            config.remove(names.keyValueHeads());
            assertThat(HuggingFaceConfig.shape(new JsonFields(config, "config.json")))
                    .isEqualTo(stated);
        }
    }

    private static Map<String, Object> sizes(DecoderFamily family) {
        DecoderFamily.SizeFields names = family.sizes();
        Map<String, Object> sizes = new LinkedHashMap<>();
        sizes.put("vocab_size", 300);
        sizes.put(names.hidden(), 32);
        sizes.put(names.inner(), 48);
        sizes.put(names.layers(), 2);
        sizes.put(names.heads(), 4);
        sizes.put(names.keyValueHeads(), 2);
        sizes.remove("");
        return sizes;
    }

    /** The shape, or the message of the refusal. */
    private static Object shape(DecoderFamily family, Map<String, Object> others, String field, Object value) {
        ObjectNode config = config(family, others);
        config.set(field, JSON.valueToTree(value));
        if (field.equals("rope_parameters") || field.equals("rope_scaling")) {
            config.remove(field.equals("rope_scaling") ? "rope_parameters" : "rope_scaling");
        }
        try {
            return HuggingFaceConfig.shape(new JsonFields(config, "config.json"));
        } catch (InvalidBaseModelException e) {
            return String.valueOf(e.getMessage());
        }
    }

    private static ObjectNode config(DecoderFamily family, Map<String, Object> others) {
        Map<String, Object> fields = new LinkedHashMap<>(sizes(family));
        fields.put("model_type", family.modelType());
        fields.putAll(others);
        return JSON.valueToTree(fields);
    }
}
