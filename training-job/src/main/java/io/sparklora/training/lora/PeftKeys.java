package io.sparklora.training.lora;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The keys of an {@code adapter_config.json} and what each may say in a LoRA (PEFT 0.21.2, tuners/lora/config.py).
 *
 * @param values as JSON gave them
 */
record PeftKeys(Map<?, ?> values) {
    /** The keys that shape the adapter, read one by one. */
    private static final Set<String> READ = Set.of(
            "alpha_pattern",
            "base_model_name_or_path",
            "layers_to_transform",
            "lora_alpha",
            "modules_to_save",
            "r",
            "rank_pattern",
            "target_modules",
            "use_dora",
            "use_rslora");

    /** Keys that must say one thing where they are there; {@code peft_type} must be. */
    private static final Map<String, List<?>> FIXED = Map.of(
            "peft_type", List.of("LORA"),
            "task_type", List.of("CAUSAL_LM"),
            "bias", List.of("none"),
            // Other initial values, such as pissa's, change the base's weights too.
            "init_lora_weights", List.of(true, false, "gaussian"));

    /**
     * Keys that change nothing once an adapter is trained, whatever they say. PEFT sets {@code fan_in_fan_out} right by the
     * kind of each module.
     */
    private static final Set<String> WITHOUT_EFFECT = Set.of(
            "fan_in_fan_out",
            "inference_mode",
            "lora_dropout",
            "megatron_core",
            "peft_version",
            "qalora_group_size",
            "revision",
            "runtime_config");

    /** Keys that ask for more than a LoRA unless they are null, false or empty. */
    private static final Set<String> MUST_BE_OFF = Set.of(
            "alora_invocation_tokens",
            "arrow_config",
            "auto_mapping",
            "corda_config",
            "ensure_weight_tying",
            "eva_config",
            "exclude_modules",
            "kasa_config",
            "layer_replication",
            "layers_pattern",
            "loftq_config",
            "lora_bias",
            "lora_ga_config",
            "megatron_config",
            "monteclora_config",
            "target_parameters",
            "trainable_token_indices",
            "use_bdlora",
            "use_qalora",
            "velora_config");

    /** Refuses the first key, in the order of the alphabet, that is unknown or asks for anything but a LoRA. */
    void requireLora() {
        require("peft_type", values.get("peft_type"), List.of("LORA"));
        values.keySet().stream().map(String::valueOf).sorted().forEach(this::check);
    }

    private void check(String key) {
        Object value = values.get(key);
        if (FIXED.containsKey(key)) {
            if (value != null) {
                require(key, value, FIXED.getOrDefault(key, List.of()));
            }
        } else if (MUST_BE_OFF.contains(key)) {
            if (!isOff(value)) {
                throw new IllegalArgumentException(key + " must be false, null or empty but was " + value
                        + ": that kind of LoRA is not supported");
            }
        } else if (!READ.contains(key) && !WITHOUT_EFFECT.contains(key)) {
            throw new IllegalArgumentException("unknown key " + key + " with value " + value);
        }
    }

    private static void require(String key, @Nullable Object value, List<?> allowed) {
        if (value == null || !allowed.contains(value)) {
            String what = allowed.size() == 1 ? String.valueOf(allowed.get(0)) : "one of " + allowed;
            throw new IllegalArgumentException(
                    key + " must be " + what + (value == null ? " but is missing" : " but was " + value));
        }
    }

    private static boolean isOff(@Nullable Object value) {
        return value == null
                || Boolean.FALSE.equals(value)
                || (value instanceof Collection<?> list && list.isEmpty())
                || (value instanceof Map<?, ?> map && map.isEmpty());
    }

    /** A text; empty where the key is missing or null. */
    String text(String key) {
        Object value = values.get(key);
        if (value == null) {
            return "";
        }
        if (value instanceof String text) {
            return text;
        }
        throw new IllegalArgumentException(key + " must be a text but was " + value);
    }

    /** A whole number of at least 1. */
    int positive(String key) {
        Object value = values.get(key);
        if (value instanceof Integer number && number >= 1) {
            return number;
        }
        throw new IllegalArgumentException(
                key + " must be a whole number of at least 1 but " + (value == null ? "is missing" : "was " + value));
    }

    /** Whether a key is true; a missing one is not. */
    boolean isTrue(String key) {
        Object value = values.get(key);
        if (value == null || value instanceof Boolean) {
            return Boolean.TRUE.equals(value);
        }
        throw new IllegalArgumentException(key + " must be true or false but was " + value);
    }

    /** Target modules: a list of names and paths, or an expression for whole paths. */
    List<String> targets() {
        Object value = values.get("target_modules");
        if (value instanceof String expression) {
            return List.of(expression);
        }
        if (value instanceof List<?> list && list.stream().allMatch(String.class::isInstance)) {
            return list.stream().map(String.class::cast).toList();
        }
        throw new IllegalArgumentException("target_modules must be a list of names or an expression but "
                + (value == null ? "is missing" : "was " + value));
    }

    /** Modules that are kept whole; none where the key is missing or null. */
    List<String> modulesToSave() {
        Object value = values.get("modules_to_save");
        if (value == null) {
            return List.of();
        }
        if (value instanceof List<?> list && list.stream().allMatch(String.class::isInstance)) {
            return list.stream().map(String.class::cast).toList();
        }
        throw new IllegalArgumentException("modules_to_save must be a list of names but was " + value);
    }

    /** The blocks that have branches; empty for all. */
    List<Integer> layers() {
        Object value = values.get("layers_to_transform");
        if (value == null) {
            return List.of();
        }
        if (value instanceof Integer layer) {
            return List.of(layer);
        }
        if (value instanceof List<?> list && list.stream().allMatch(Integer.class::isInstance)) {
            return list.stream().map(Integer.class::cast).toList();
        }
        throw new IllegalArgumentException("layers_to_transform must be a list of whole numbers but was " + value);
    }

    /** Whole numbers of at least 1 by pattern, in the file's order; a missing key has none. */
    Map<String, Integer> numbers(String key) {
        Object value = values.get(key);
        Map<String, Integer> numbers = new LinkedHashMap<>();
        if (value instanceof Map<?, ?> map) {
            map.forEach((pattern, number) -> {
                if (!(number instanceof Integer whole) || whole < 1) {
                    throw new IllegalArgumentException(
                            key + " must have whole numbers of at least 1 but has " + number + " for " + pattern);
                }
                numbers.put(String.valueOf(pattern), whole);
            });
        } else if (value != null) {
            throw new IllegalArgumentException(key + " must be a mapping to whole numbers but was " + value);
        }
        return numbers;
    }
}
