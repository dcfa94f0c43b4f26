package io.sparklora.pipeline.basemodel;

import com.fasterxml.jackson.databind.JsonNode;
import io.sparklora.pipeline.basemodel.DecoderVariant.Bias;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
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
    private static final String FULL = "full_attention";
    private static final String SLIDING = "sliding_attention";

    DecoderVariant variant(int layers, int contextLength) {
        return DecoderVariant.PLAIN.withBiases(biases()).withWindows(windows(layers, contextLength));
    }

    private Set<Bias> biases() {
        return switch (family) {
            case MISTRAL -> Set.of();
            case QWEN2 -> Set.of(Bias.QUERY_KEY_VALUE);
            case LLAMA -> {
                Set<Bias> biases = EnumSet.noneOf(Bias.class);
                if (config.flag("attention_bias").orElse(false)) {
                    biases.addAll(Set.of(Bias.QUERY_KEY_VALUE, Bias.ATTENTION_OUTPUT));
                }
                if (config.flag("mlp_bias").orElse(false)) {
                    biases.add(Bias.FEED_FORWARD);
                }
                yield biases;
            }
        };
    }

    /** A window that no text can pass is none. */
    private List<Integer> windows(int layers, int contextLength) {
        OptionalInt stated = window();
        List<String> types = layerTypes(layers, stated.isPresent());
        if (types.contains(SLIDING) && stated.isEmpty()) {
            throw config.refusal("sliding_window", "a number, since layer_types has " + SLIDING);
        }
        int window = stated.orElse(contextLength);
        if (window < 1) {
            throw config.refusal("sliding_window", "at least 1");
        }
        if (window >= contextLength || !types.contains(SLIDING)) {
            return List.of();
        }
        return types.stream().map(type -> type.equals(SLIDING) ? window : 0).toList();
    }

    /** transformers' default is 4096 where the field is absent; null is no window. */
    private OptionalInt window() {
        return switch (family) {
            case LLAMA -> OptionalInt.empty();
            case MISTRAL -> statedWindow();
            case QWEN2 -> config.flag("use_sliding_window").orElse(false) ? statedWindow() : OptionalInt.empty();
        };
    }

    private OptionalInt statedWindow() {
        return config.isNull("sliding_window")
                ? OptionalInt.empty()
                : OptionalInt.of(config.whole("sliding_window").orElse(DEFAULT_WINDOW));
    }

    private List<String> layerTypes(int layers, boolean window) {
        Optional<JsonNode> stated =
                family.ownFields().contains("layer_types") ? config.node("layer_types") : Optional.empty();
        List<String> types = new ArrayList<>();
        for (int layer = 0; layer < layers; layer++) {
            types.add(
                    stated.isPresent()
                            ? stated.get().path(layer).asText()
                            : window && slidesByDefault(layer) ? SLIDING : FULL);
        }
        if ((stated.isPresent() && stated.get().size() != layers)
                || !Set.of(FULL, SLIDING).containsAll(types)) {
            throw config.refusal("layer_types", layers + " times " + FULL + " or " + SLIDING);
        }
        return types;
    }

    private boolean slidesByDefault(int layer) {
        return switch (family) {
            case LLAMA -> false;
            case MISTRAL -> true;
            case QWEN2 -> layer >= config.whole("max_window_layers").orElse(DEFAULT_FULL_LAYERS);
        };
    }
}
