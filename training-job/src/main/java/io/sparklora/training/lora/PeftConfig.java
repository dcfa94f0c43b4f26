package io.sparklora.training.lora;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.config.BaseConfig;
import io.sparklora.pipeline.config.LoraConfig;
import io.sparklora.pipeline.adapter.LoraModules;
import io.sparklora.pipeline.basemodel.DecoderShape;
import io.sparklora.pipeline.run.Json;
import java.io.Serializable;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.hadoop.fs.Path;

/**
 * PEFT's {@code adapter_config.json} in the portable profile: integer r and alpha, no bias, no other saved modules, the
 * plain scaling alpha / r. What every common server loads, and nothing that one of them would silently ignore.
 *
 * @param baseModel the base model's file or directory name, without the path to it
 * @param rank r, at least 1
 * @param alpha alpha, at least 1; a branch is multiplied by alpha / r
 * @param targets names of the layers with a branch, each once and at least one, or {@code all-linear}; sorted
 */
public record PeftConfig(String baseModel, int rank, int alpha, List<String> targets) implements Serializable {
    /** The file's name in an adapter's directory. */
    public static final String FILE = "adapter_config.json";

    /** Checks the numbers and sorts the targets. */
    public PeftConfig {
        if (rank < 1 || alpha < 1) {
            throw new IllegalArgumentException("r and lora_alpha must be at least 1 but are " + rank + ", " + alpha);
        }
        if (targets.isEmpty()) {
            throw new IllegalArgumentException("target_modules must name at least one layer");
        }
        HashSet<String> once = new HashSet<>();
        for (String target : targets) {
            if (!once.add(target)) {
                throw new IllegalArgumentException("LoRA target " + target + " is named twice in " + targets);
            }
        }
        targets = targets.stream().sorted().toList();
    }

    /** What a configuration's adapter is called and shaped like. */
    public static PeftConfig of(BaseConfig base, LoraConfig lora) {
        return new PeftConfig(new Path(base.model()).getName(), lora.rank(), lora.alpha(), lora.targets());
    }

    /** What a branch is multiplied by: alpha / r. */
    public double scaling() {
        return (double) alpha / rank;
    }

    /**
     * Where each matrix lies over a base model.
     *
     * @throws IllegalArgumentException where the model has no such target, or the rank is too large for it
     */
    public LoraLayout layout(DecoderShape shape) {
        return LoraLayout.uniform(shape, rank, scaling(), targets);
    }

    /** The same with the targets by name where it says {@code all-linear}. */
    PeftConfig named(LoraLayout layout) {
        List<String> names = layout.branches().stream()
                .map(branch -> branch.module().name())
                .distinct()
                .toList();
        return new PeftConfig(baseModel, rank, alpha, targets.equals(List.of(LoraModules.ALL_LINEAR)) ? names : targets);
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
        keys.put("target_modules", targets);
        keys.put("task_type", "CAUSAL_LM");
        return Json.bytes(keys);
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
                    keys.texts("target_modules"));
        } catch (IllegalArgumentException e) {
            throw new StageFailure(ExitCode.MISMATCH, where + ": " + e.getMessage(), e);
        }
    }
}
