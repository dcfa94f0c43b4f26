package io.sparklora.pipeline.basemodel;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * MPT's {@code attn_config} (transformers 5.23.0, {@code models/mpt/configuration_mpt.py}). transformers computes one kind
 * of attention whatever most of these fields say; a field that says another is refused.
 *
 * @param fields the object; empty where it is absent
 */
record MptAttention(Optional<JsonFields> fields) {
    /** The one value that transformers computes. */
    private static final Map<String, JsonNode> FIXED = Map.of(
            "attn_type", TextNode.valueOf("multihead_attention"),
            "prefix_lm", BooleanNode.FALSE,
            "qk_ln", BooleanNode.FALSE,
            "is_encoder_decoder", BooleanNode.FALSE,
            "attn_uses_sequence_id", BooleanNode.FALSE,
            "alibi", BooleanNode.TRUE,
            "alibi_bias_max", IntNode.valueOf(8));

    private static final Set<String> WITHOUT_EFFECT = Set.of("attn_pdrop", "attn_impl", "model_type");

    /** Refuses the first field that is unknown or asks for another attention. */
    MptAttention {
        fields.ifPresent(attention -> {
            for (Map.Entry<String, JsonNode> field : attention.object().properties()) {
                if (!field.getValue().isNull()) {
                    check(attention, field.getKey(), field.getValue());
                }
            }
        });
    }

    private static void check(JsonFields attention, String name, JsonNode value) {
        @Nullable JsonNode fixed = FIXED.get(name);
        if (fixed != null) {
            boolean same = fixed.isNumber()
                    ? value.isNumber() && value.doubleValue() == fixed.doubleValue()
                    : value.equals(fixed);
            if (!same) {
                throw attention.refusal(name, fixed.toString());
            }
        } else if (name.equals("clip_qkv")) {
            throw attention.refusal(name, "null");
        } else if (!name.equals("softmax_scale")
                && !WITHOUT_EFFECT.contains(name)
                && !ConfigFieldRule.isIrrelevant(name)) {
            throw attention.refusal(name, "absent: it is not known to family mpt as computed here");
        }
    }

    /** What a query's product with a key is multiplied by, where that is stated. */
    OptionalDouble softmaxScale() {
        return fields.map(attention -> attention.real("softmax_scale")).orElse(OptionalDouble.empty());
    }
}
