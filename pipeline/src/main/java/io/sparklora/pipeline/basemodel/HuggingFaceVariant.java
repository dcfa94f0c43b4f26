package io.sparklora.pipeline.basemodel;

import com.fasterxml.jackson.databind.JsonNode;
import io.sparklora.pipeline.basemodel.DecoderVariant.Activation;
import io.sparklora.pipeline.basemodel.DecoderVariant.Bias;
import io.sparklora.pipeline.basemodel.DecoderVariant.FeedForward;
import io.sparklora.pipeline.basemodel.DecoderVariant.Norm;
import io.sparklora.pipeline.basemodel.DecoderVariant.QueryKeyNorm;
import io.sparklora.pipeline.basemodel.DecoderVariant.SoftCaps;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;

/**
 * Reads from {@code config.json} what a family has beyond a plain Llama (transformers 5.23.0,
 * {@code models/NAME/modeling_NAME.py}).
 *
 * @param config the configuration, its fields' names already checked
 * @param family the family that it states
 */
record HuggingFaceVariant(JsonFields config, DecoderFamily family) {
    private static final int DEFAULT_WINDOW = 4096;
    private static final int DEFAULT_FULL_LAYERS = 28;
    private static final int DEFAULT_WINDOW_PATTERN = 6;
    private static final int DEFAULT_QUERY_SCALAR = 256;
    private static final String FULL = "full_attention";
    private static final String SLIDING = "sliding_attention";

    DecoderVariant variant(int hidden, int layers, int heads, int headSize, HuggingFaceRope rope) {
        return new DecoderVariant(
                biases(),
                windows(layers),
                queryKeyNorm(),
                normPlacement(),
                norm(),
                family.isGemma() ? 1 : 0,
                norm() == Norm.RMS ? FeedForward.GATED : FeedForward.PLAIN,
                activation(),
                multipliers(hidden),
                softCaps(),
                positions(heads, headSize, rope),
                HuggingFaceRope.windowTheta(config, family));
    }

    /** Fields that a family does not read are refused before this, but for the value that means nothing. */
    private Set<Bias> biases() {
        Set<Bias> biases = EnumSet.noneOf(Bias.class);
        if (config.flag("attention_bias").orElse(false)) {
            biases.addAll(Set.of(Bias.QUERY_KEY_VALUE, Bias.ATTENTION_OUTPUT));
        }
        if (config.flag("mlp_bias").orElse(false)) {
            biases.add(Bias.FEED_FORWARD);
        }
        if (family == DecoderFamily.GPT_NEOX) {
            biases.add(Bias.FEED_FORWARD);
            if (config.flag("attention_bias").orElse(true)) {
                biases.addAll(Set.of(Bias.QUERY_KEY_VALUE, Bias.ATTENTION_OUTPUT));
            }
        }
        if (family == DecoderFamily.QWEN2) {
            biases.add(Bias.QUERY_KEY_VALUE);
        }
        boolean all = family == DecoderFamily.GPT2
                || (family == DecoderFamily.STARCODER2
                        && config.flag("use_bias").orElse(true))
                || (family == DecoderFamily.FALCON && new FalconVariant(config).biases());
        return all ? EnumSet.allOf(Bias.class) : biases;
    }

    /** Families with LayerNorm have no gate in the feed-forward, those with RMSNorm have one. */
    private Norm norm() {
        return switch (family) {
            case LLAMA, MISTRAL, QWEN2, QWEN3, GRANITE, OLMO2, GEMMA2, GEMMA3, PHI3 -> Norm.RMS;
            case STARCODER2, GPT2, GPT_NEOX, FALCON -> Norm.LAYER;
            case MPT -> Norm.LAYER_WITHOUT_BIAS;
        };
    }

    private Activation activation() {
        return switch (family) {
            case LLAMA, MISTRAL, QWEN2, QWEN3, GRANITE, OLMO2, PHI3 -> Activation.SILU;
            case GEMMA2, GEMMA3 -> Activation.GELU_TANH;
            case STARCODER2 -> activation("hidden_act", Activation.GELU_TANH);
            case FALCON -> activation("activation", Activation.GELU);
            case MPT -> Activation.GELU;
            case GPT_NEOX -> activation("hidden_act", Activation.GELU);
            case GPT2 -> activation("activation_function", Activation.GELU_TANH);
        };
    }

    /** By transformers' names, {@code activations.py}. */
    private Activation activation(String field, Activation absent) {
        return config.text(field)
                .map(name -> switch (name) {
                    case "gelu" -> Activation.GELU;
                    case "gelu_new", "gelu_fast", "gelu_pytorch_tanh" -> Activation.GELU_TANH;
                    case "silu", "swish" -> Activation.SILU;
                    default ->
                        throw config.refusal(field, "one of gelu, gelu_new, gelu_fast, gelu_pytorch_tanh, silu, swish");
                })
                .orElse(absent);
    }

    private Positions positions(int heads, int headSize, HuggingFaceRope rope) {
        if (family == DecoderFamily.GPT2) {
            return new Positions.Learned();
        }
        if (family == DecoderFamily.MPT) {
            return new Positions.Alibi(AlibiSlopes.mpt(heads), 1, Positions.Rounding.NONE);
        }
        if (family == DecoderFamily.FALCON && new FalconVariant(config).alibi()) {
            return new Positions.Alibi(AlibiSlopes.falcon(heads), 1 / Math.sqrt(headSize), Positions.Rounding.BF16);
        }
        return new Positions.Rotary(rope.turned(headSize));
    }

    private QueryKeyNorm queryKeyNorm() {
        return switch (family) {
            case LLAMA, MISTRAL, QWEN2, GRANITE, GEMMA2, PHI3, STARCODER2, GPT2, GPT_NEOX, FALCON, MPT ->
                QueryKeyNorm.NONE;
            case QWEN3, GEMMA3 -> QueryKeyNorm.EACH_HEAD;
            case OLMO2 -> QueryKeyNorm.ALL_HEADS;
        };
    }

    private NormPlacement normPlacement() {
        return switch (family) {
            case LLAMA, MISTRAL, QWEN2, QWEN3, GRANITE, PHI3, STARCODER2, GPT2, MPT -> NormPlacement.BEFORE;
            case FALCON -> new FalconVariant(config).normPlacement();
            case GPT_NEOX ->
                config.flag("use_parallel_residual").orElse(true) ? NormPlacement.PARALLEL : NormPlacement.BEFORE;
            case OLMO2 -> NormPlacement.AFTER;
            case GEMMA2, GEMMA3 -> NormPlacement.BEFORE_AND_AFTER;
        };
    }

    private Multipliers multipliers(int hidden) {
        return switch (family) {
            case LLAMA, MISTRAL, QWEN2, QWEN3, OLMO2, PHI3, STARCODER2, GPT_NEOX, FALCON -> Multipliers.NONE;
            case MPT -> new Multipliers(1, new MptAttention(config.object("attn_config")).softmaxScale(), 1, 1);
            case GPT2 ->
                config.flag("scale_attn_weights").orElse(true)
                        ? Multipliers.NONE
                        : new Multipliers(1, OptionalDouble.of(1), 1, 1);
            case GRANITE -> granite();
            case GEMMA2, GEMMA3 -> gemma(hidden);
        };
    }

    /** The defaults are 1, attention's included. */
    private Multipliers granite() {
        double scaling = config.real("logits_scaling").orElse(1);
        if (scaling == 0) {
            throw config.refusal("logits_scaling", "a number other than 0");
        }
        return new Multipliers(
                config.real("embedding_multiplier").orElse(1),
                OptionalDouble.of(config.real("attention_multiplier").orElse(1)),
                config.real("residual_multiplier").orElse(1),
                1 / scaling);
    }

    private Multipliers gemma(int hidden) {
        double scalar = config.real("query_pre_attn_scalar").orElse(DEFAULT_QUERY_SCALAR);
        if (!(scalar > 0)) {
            throw config.refusal("query_pre_attn_scalar", "above 0");
        }
        return new Multipliers(Math.sqrt(hidden), OptionalDouble.of(1 / Math.sqrt(scalar)), 1, 1);
    }

    private SoftCaps softCaps() {
        return switch (family) {
            case LLAMA, MISTRAL, QWEN2, QWEN3, GRANITE, OLMO2, PHI3, STARCODER2, GPT2, GPT_NEOX, FALCON, MPT ->
                SoftCaps.NONE;
            case GEMMA2 -> new SoftCaps(softCap("attn_logit_softcapping", 50), softCap("final_logit_softcapping", 30));
            case GEMMA3 -> new SoftCaps(0, softCap("final_logit_softcapping", 0));
        };
    }

    /** Absent is the default; null is none. */
    private double softCap(String field, double absent) {
        if (config.isNull(field)) {
            return 0;
        }
        OptionalDouble stated = config.real(field);
        if (stated.isPresent() && !(stated.getAsDouble() > 0)) {
            throw config.refusal(field, "above 0 or null");
        }
        return stated.orElse(absent);
    }

    private List<Integer> windows(int layers) {
        OptionalInt window = window();
        List<String> types = layerTypes(layers, window.isPresent());
        if (!types.contains(SLIDING)) {
            return List.of();
        }
        if (window.isEmpty() || window.getAsInt() < 1) {
            throw config.refusal("sliding_window", "at least 1, since there are layers with " + SLIDING);
        }
        return types.stream()
                .map(type -> type.equals(SLIDING) ? window.getAsInt() : 0)
                .toList();
    }

    /** Null is no window. */
    private OptionalInt window() {
        return switch (family) {
            case LLAMA, GRANITE, OLMO2, GPT2, GPT_NEOX, FALCON, MPT -> OptionalInt.empty();
            case MISTRAL, GEMMA2, GEMMA3 -> statedWindow(DEFAULT_WINDOW);
            case PHI3, STARCODER2 -> statedWindow(0);
            case QWEN2, QWEN3 ->
                config.flag("use_sliding_window").orElse(false) ? statedWindow(DEFAULT_WINDOW) : OptionalInt.empty();
        };
    }

    /** Where the field is absent it is transformers' default; 0 for no window. */
    private OptionalInt statedWindow(int absent) {
        OptionalInt stated = config.whole("sliding_window");
        boolean none = config.isNull("sliding_window") || (stated.isEmpty() && absent == 0);
        return none ? OptionalInt.empty() : OptionalInt.of(stated.orElse(absent));
    }

    private List<String> layerTypes(int layers, boolean window) {
        Optional<JsonNode> stated =
                family.ownFields().contains("layer_types") ? config.node("layer_types") : Optional.empty();
        List<String> types = new ArrayList<>();
        for (int layer = 0; layer < layers; layer++) {
            types.add(
                    stated.isPresent()
                            ? stated.get().path(layer).asText()
                            : slidesByDefault(layer, window) ? SLIDING : FULL);
        }
        if ((stated.isPresent() && stated.get().size() != layers)
                || !Set.of(FULL, SLIDING).containsAll(types)) {
            throw config.refusal("layer_types", layers + " times " + FULL + " or " + SLIDING);
        }
        return types;
    }

    /** Gemma's layers slide whether there is a window or not; without one they are refused. */
    private boolean slidesByDefault(int layer, boolean window) {
        return switch (family) {
            case LLAMA, GRANITE, OLMO2, GPT2, GPT_NEOX, FALCON, MPT -> false;
            case MISTRAL, PHI3, STARCODER2 -> window;
            case QWEN2, QWEN3 ->
                window && layer >= config.whole("max_window_layers").orElse(DEFAULT_FULL_LAYERS);
            case GEMMA2 -> layer % 2 == 0;
            case GEMMA3 -> (layer + 1) % windowPattern() != 0;
        };
    }

    private int windowPattern() {
        int pattern = config.whole("sliding_window_pattern").orElse(DEFAULT_WINDOW_PATTERN);
        if (pattern < 1) {
            throw config.refusal("sliding_window_pattern", "at least 1");
        }
        return pattern;
    }
}
