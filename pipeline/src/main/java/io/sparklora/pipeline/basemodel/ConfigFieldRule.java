package io.sparklora.pipeline.basemodel;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.NullNode;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What becomes of a field of {@code config.json}. A family's table names every field that its configuration class in
 * transformers and PreTrainedConfig read, and those that older versions and tools leave behind; a field that is not in
 * it is refused, since it could change the forward pass. A field that is null counts as absent.
 */
sealed interface ConfigFieldRule {
    /** The field is read; where it is read its value is checked. */
    record Implemented() implements ConfigFieldRule {}

    /** The field changes neither the forward pass nor token ids. */
    record Irrelevant() implements ConfigFieldRule {}

    /** The field may only have a value that changes nothing. */
    record Neutral(String allowed, Predicate<JsonNode> check) implements ConfigFieldRule {}

    /** Fields that {@link HuggingFaceConfig} and {@link HuggingFaceTokens} read, whatever the family. */
    String READ = "model_type vocab_size tie_word_embeddings bos_token_id eos_token_id pad_token_id";

    /** Fields that {@link HuggingFaceRope} reads. */
    String READ_OF_ROPE = "rope_theta rope_scaling rope_parameters";

    /** Irrelevant fields of PreTrainedConfig and of the families' own classes, transformers 4 and 5. */
    String OF_TRANSFORMERS = """
            _name_or_path name_or_path _commit_hash transformers_version torch_dtype dtype use_cache
            initializer_range pretraining_tp gradient_checkpointing torchscript use_bfloat16 tf_legacy_loss
            return_dict output_attentions output_hidden_states chunk_size_feed_forward
            cross_attention_hidden_size is_decoder id2label label2id num_labels problem_type finetuning_task
            task_specific_params tokenizer_class prefix sep_token_id decoder_start_token_id attn_implementation
            _attn_implementation _attn_implementation_autoset _attn_implementation_internal
            experts_implementation _flash_attn_2_enabled max_sequence_length pad_token bos_token eos_token
            """;

    /** Irrelevant fields that converters, browsers' runtimes and trainers leave. */
    String OF_TRAINERS = """
            is_llama_config transformers.js_config unsloth_version unsloth_fixed
            """;

    /** Irrelevant fields of GenerationConfig. */
    String OF_GENERATION = """
            max_length max_new_tokens min_length min_new_tokens early_stopping max_time do_sample num_beams
            num_beam_groups penalty_alpha dola_layers temperature top_k top_p min_p typical_p epsilon_cutoff
            eta_cutoff diversity_penalty repetition_penalty encoder_repetition_penalty length_penalty
            no_repeat_ngram_size encoder_no_repeat_ngram_size bad_words_ids force_words_ids renormalize_logits
            constraints forced_bos_token_id forced_eos_token_id remove_invalid_values
            exponential_decay_length_penalty suppress_tokens begin_suppress_tokens sequence_bias guidance_scale
            num_return_sequences output_scores return_dict_in_generate cache_implementation stop_strings
            num_assistant_tokens num_assistant_tokens_schedule assistant_confidence_threshold
            assistant_lookbehind target_lookbehind
            """;

    /** The rule of every field that is known of a family. */
    static Map<String, ConfigFieldRule> rules(DecoderFamily family) {
        Map<String, ConfigFieldRule> rules = new TreeMap<>();
        // transformers drops the fields of generation from a model's configuration.
        for (String fields : List.of(OF_TRANSFORMERS, OF_TRAINERS, OF_GENERATION)) {
            put(rules, fields, new Irrelevant());
        }
        family.sizes().names().forEach(field -> rules.put(field, new Implemented()));
        if (family.isRotary()) {
            put(rules, READ_OF_ROPE, new Implemented());
        }
        neutralForward(rules, family);
        put(rules, READ, new Implemented());
        family.ownFields().forEach(field -> rules.put(field, new Implemented()));
        return rules;
    }

    /** Whether a field of any transformers configuration changes neither the forward pass nor token ids. */
    static boolean isIrrelevant(String field) {
        return Stream.of(OF_TRANSFORMERS, OF_TRAINERS, OF_GENERATION)
                .anyMatch(fields -> List.of(fields.strip().split("\\s+", -1)).contains(field));
    }

    private static void put(Map<String, ConfigFieldRule> rules, String fields, ConfigFieldRule rule) {
        for (String field : fields.strip().split("\\s+", -1)) {
            rules.put(field, rule);
        }
    }

    private static void neutralForward(Map<String, ConfigFieldRule> rules, DecoderFamily family) {
        String causal = family.causalModel();
        rules.put("attention_dropout", isZero());
        rules.put("architectures", new Neutral(causal + " alone", node -> isOne(node, causal)));
        String activation = family.isGemma() ? "gelu_pytorch_tanh" : "silu";
        Neutral act = new Neutral(activation, node -> activation.equals(node.textValue()));
        if (family != DecoderFamily.GPT2) {
            rules.put("hidden_act", act);
        }
        if (family.isGemma()) {
            rules.put("hidden_activation", act);
            rules.put("use_bidirectional_attention", isFalse());
        }
        if (family == DecoderFamily.GEMMA3) {
            neutralGemma3(rules);
        }
        rules.put("partial_rotary_factor", isNumber(1));
        rules.put("layer_types", new Neutral("full_attention in every layer", ConfigFieldRule::isFullAttention));
        rules.put("pruned_heads", new Neutral("empty", JsonNode::isEmpty));
        for (String field : List.of(
                "attention_bias",
                "mlp_bias",
                "rope_interleaved",
                "is_encoder_decoder",
                "add_cross_attention",
                "tie_encoder_decoder")) {
            rules.put(field, isFalse());
        }
        for (String field : List.of(
                "quantization_config",
                "auto_map",
                "per_layer_config",
                "compression_config",
                "original_max_position_embeddings")) {
            rules.put(field, new Neutral("absent", JsonNode::isNull));
        }
        switch (family) {
            case PHI3 -> phi3(rules);
            case STARCODER2 -> starCoder2(rules);
            case GPT2 -> gpt2(rules);
            case GPT_NEOX -> gptNeoX(rules);
            case FALCON -> falcon(rules);
            case MPT -> mpt(rules);
            default -> {}
        }
    }

    /** Its attention in transformers has a soft cap and does not use it; the others belong to models that see images. */
    private static void neutralGemma3(Map<String, ConfigFieldRule> rules) {
        for (String field : List.of(
                "attn_logit_softcapping", "text_config", "vision_config", "mm_tokens_per_image", "image_token_id")) {
            rules.put(field, new Neutral("absent", JsonNode::isNull));
        }
        // transformers writes it beside layer_types and ignores it when it reads.
        rules.put("_sliding_window_pattern", new Irrelevant());
    }

    /** The published models name classes that transformers has of its own, and switches that only those read. */
    private static void phi3(Map<String, ConfigFieldRule> rules) {
        put(rules, "resid_pdrop embd_pdrop", isZero());
        rules.put("auto_map", isMapTo("Phi3"));
        put(rules, "full_attn_mod interpolate_factor", isNumber(1));
        rules.put("lm_head_bias", isFalse());
    }

    /** Dropout is not applied to a base that stays frozen. */
    private static void starCoder2(Map<String, ConfigFieldRule> rules) {
        put(rules, "attention_dropout residual_dropout embedding_dropout", new Irrelevant());
        rules.put("mlp_type", isText("default"));
        rules.put("norm_type", isText("layer_norm"));
    }

    /**
     * Dropout, which the published models state, is not applied to a base that stays frozen. transformers also takes
     * names that it gives to all families; they would mean the same as GPT-2's own.
     */
    private static void gpt2(Map<String, ConfigFieldRule> rules) {
        put(rules, "attn_pdrop embd_pdrop resid_pdrop reorder_and_upcast_attn n_ctx _num_labels", new Irrelevant());
        put(
                rules,
                "summary_type summary_use_proj summary_activation summary_proj_to_labels summary_first_dropout"
                        + " summary_last_dropout",
                new Irrelevant());
        put(rules, "classifier_dropout hidden_dropout", new Irrelevant());
        rules.put("scale_attn_by_inverse_layer_idx", isFalse());
        put(
                rules,
                "hidden_size head_dim max_position_embeddings num_attention_heads num_hidden_layers rope_theta rope_scaling"
                        + " rope_parameters",
                new Neutral("absent", JsonNode::isNull));
    }

    /** transformers reads rotary positions from the family's own names, and ignores those of others. */
    private static void gptNeoX(Map<String, ConfigFieldRule> rules) {
        put(rules, "hidden_dropout attention_dropout classifier_dropout", new Irrelevant());
        put(rules, "rope_theta partial_rotary_factor head_dim", new Neutral("absent", JsonNode::isNull));
    }

    /** The old name of the hidden size would go before it. */
    private static void falcon(Map<String, ConfigFieldRule> rules) {
        rules.put("hidden_dropout", isZero());
        rules.put("auto_map", isMapTo("Falcon"));
        rules.put("classifier_dropout", new Irrelevant());
        rules.put("apply_residual_connection_post_layernorm", isFalse());
        put(rules, "n_embed head_dim hidden_act", new Neutral("absent", JsonNode::isNull));
    }

    /** transformers has ALiBi, a feed-forward four times as wide and no biases whatever these fields say. */
    private static void mpt(Map<String, ConfigFieldRule> rules) {
        put(
                rules,
                "resid_pdrop emb_pdrop hidden_dropout classifier_dropout learned_pos_emb init_device init_config"
                        + " tokenizer_name verbose",
                new Irrelevant());
        put(
                rules,
                "hidden_size num_attention_heads num_hidden_layers max_position_embeddings head_dim hidden_act"
                        + " logit_scale rope_theta rope_scaling rope_parameters",
                new Neutral("absent", JsonNode::isNull));
        rules.put("expansion_ratio", isNumber(4));
        rules.put("embedding_fraction", isNumber(1));
        rules.put("auto_map", isMapTo("MPT"));
        rules.put("norm_type", new Neutral("low_precision_layernorm or layernorm", node -> Set.of(
                        "low_precision_layernorm", "layernorm")
                .contains(node.asText())));
        rules.put(
                "architectures",
                new Neutral(
                        "MptForCausalLM or MPTForCausalLM alone",
                        node -> isOne(node, "MptForCausalLM") || isOne(node, "MPTForCausalLM")));
        rules.put("no_bias", new Neutral("true", node -> node.isBoolean() && node.booleanValue()));
    }

    private static Neutral isFalse() {
        return new Neutral("false", node -> node.isBoolean() && !node.booleanValue());
    }

    private static Neutral isZero() {
        return isNumber(0);
    }

    private static Neutral isNumber(int allowed) {
        return new Neutral(String.valueOf(allowed), node -> node.isNumber() && node.doubleValue() == allowed);
    }

    private static Neutral isText(String allowed) {
        return new Neutral(allowed, node -> allowed.equals(node.textValue()));
    }

    /** Classes of the model's own repository that became transformers' classes. */
    private static Neutral isMapTo(String prefix) {
        return new Neutral("a map to classes " + prefix + "...", node -> {
            for (JsonNode each : node) {
                String name = each.asText();
                if (!name.substring(name.lastIndexOf('.') + 1).startsWith(prefix)) {
                    return false;
                }
            }
            return node.isObject();
        });
    }

    private static boolean isOne(JsonNode node, String text) {
        return node.isArray() && node.size() == 1 && text.equals(node.get(0).textValue());
    }

    private static boolean isFullAttention(JsonNode node) {
        for (JsonNode layer : node) {
            if (!"full_attention".equals(layer.textValue())) {
                return false;
            }
        }
        return node.isArray();
    }

    /** Refuses the first field that means something that is not computed here; {@code file} names it. */
    static void check(JsonNode config, DecoderFamily family, String file) {
        Map<String, ConfigFieldRule> rules = rules(family);
        for (Map.Entry<String, JsonNode> field : config.properties()) {
            if (field.getValue() instanceof NullNode) {
                continue;
            }
            @Nullable ConfigFieldRule rule = rules.get(field.getKey());
            String shown = StrictJson.shown(field.getValue());
            if (rule == null) {
                throw new InvalidBaseModelException(file + ": field " + field.getKey() + " = " + shown
                        + " is not known to family " + family.modelType()
                        + " as computed here; such a model is not read");
            }
            if (rule instanceof Neutral neutral && !neutral.check().test(field.getValue())) {
                throw new InvalidBaseModelException(
                        file + ": field " + field.getKey() + " must be " + neutral.allowed() + " but is " + shown);
            }
        }
    }
}
