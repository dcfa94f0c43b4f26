package io.sparklora.training.lora;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.config.BaseConfig;
import io.sparklora.pipeline.config.LoraConfig;
import io.sparklora.pipeline.run.Json;
import java.io.Serializable;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.hadoop.fs.Path;

/**
 * PEFT's {@code adapter_config.json} in the portable profile: integer r and alpha, no bias, no other saved modules, the
 * plain scaling alpha / r. What every common server loads, and nothing that one of them would silently ignore.
 *
 * @param baseModel the base model's file or directory name, without the path to it
 * @param rank r, at least 1
 * @param alpha alpha, at least 1; a branch is multiplied by alpha / r
 * @param targets the layers with a branch, at least one
 */
public record PeftConfig(String baseModel, int rank, int alpha, Set<LoraTarget> targets) implements Serializable {
    /** The file's name in an adapter's directory. */
    public static final String FILE = "adapter_config.json";

    /** Checks the numbers and copies the targets, in declaration order. */
    public PeftConfig {
        if (rank < 1 || alpha < 1) {
            throw new IllegalArgumentException("r and lora_alpha must be at least 1 but are " + rank + ", " + alpha);
        }
        if (targets.isEmpty()) {
            throw new IllegalArgumentException("target_modules must name at least one layer");
        }
        targets = Collections.unmodifiableSet(EnumSet.copyOf(targets));
    }

    /**
     * What a configuration's adapter is called and shaped like.
     *
     * @throws IllegalArgumentException where a target is unknown
     */
    public static PeftConfig of(BaseConfig base, LoraConfig lora) {
        return new PeftConfig(
                new Path(base.model()).getName(), lora.rank(), lora.alpha(), LoraTarget.parse(lora.targets()));
    }

    /** What a branch is multiplied by: alpha / r. */
    public double scaling() {
        return (double) alpha / rank;
    }

    /** The file's bytes: sorted keys, equal for equal values. */
    public byte[] json() {
        Map<String, Object> keys = new TreeMap<>();
        keys.put("base_model_name_or_path", baseModel);
        keys.put("bias", "none");
        keys.put("fan_in_fan_out", false);
        keys.put("inference_mode", true);
        keys.put("init_lora_weights", true);
        keys.put("lora_alpha", alpha);
        keys.put("lora_dropout", 0.0);
        keys.put("peft_type", "LORA");
        keys.put("r", rank);
        keys.put("target_modules", sortedNames(targets));
        keys.put("task_type", "CAUSAL_LM");
        return Json.bytes(keys);
    }

    private static List<String> sortedNames(Set<LoraTarget> targets) {
        return targets.stream().map(LoraTarget::peftName).sorted().toList();
    }

    /**
     * Reads the file, ours or one that PEFT wrote. A key that asks for anything but a plain LoRA is refused by name, and
     * so is one that PEFT 0.21 does not have; PEFT's other keys may be there with the value that means nothing.
     *
     * @param where the file, for the error
     * @throws StageFailure ({@link ExitCode#MISMATCH}) naming the key, its value and what is allowed
     */
    public static PeftConfig parse(byte[] json, Path where) {
        PeftKeys keys = new PeftKeys(Json.parse(Map.class, json, where));
        try {
            keys.requirePlainLora();
            return new PeftConfig(
                    keys.text("base_model_name_or_path"),
                    keys.positive("r"),
                    keys.positive("lora_alpha"),
                    LoraTarget.parse(keys.texts("target_modules")));
        } catch (IllegalArgumentException e) {
            throw new StageFailure(ExitCode.MISMATCH, where + ": " + e.getMessage(), e);
        }
    }
}
