package io.sparklora.training.lora;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.adapter.AdapterShape;
import io.sparklora.pipeline.adapter.LoraModules;
import io.sparklora.pipeline.adapter.SavedModule;
import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.pipeline.basemodel.DecoderShape;
import io.sparklora.pipeline.basemodel.FamilyNames.Orientation;
import io.sparklora.pipeline.config.BaseConfig;
import io.sparklora.pipeline.config.LoraConfig;
import io.sparklora.pipeline.config.LoraConfig.Kind;
import io.sparklora.pipeline.config.LoraConfig.Scaling;
import io.sparklora.pipeline.config.ModulePattern;
import io.sparklora.pipeline.run.Json;
import java.util.Map;
import java.util.TreeMap;
import org.apache.hadoop.fs.Path;

/**
 * PEFT's {@code adapter_config.json}: a LoRA without bias.
 *
 * @param baseModel the base model's file or directory name, without the path to it
 * @param shape which branches there are
 */
public record PeftConfig(String baseModel, AdapterShape shape) implements Finetuning {
    /** The file's name in an adapter's directory. */
    public static final String FILE = "adapter_config.json";

    /** What a configuration's adapter is called and shaped like. */
    public static PeftConfig of(BaseConfig base, LoraConfig lora) {
        return new PeftConfig(new Path(base.model()).getName(), AdapterShape.of(lora));
    }

    /**
     * Where each matrix lies over a base model.
     *
     * @throws IllegalArgumentException where the model has no such target, or a rank is too large for it
     */
    @Override
    public LoraLayout layout(DecoderShape model) {
        return LoraLayout.of(shape.branches(LoraModules.of(model)), SavedModule.named(shape.modulesToSave(), model));
    }

    @Override
    public PeftAdapter publishable(BaseModel base, float[] parameters) {
        return PeftAdapter.portable(this, base, parameters);
    }

    /**
     * The file's bytes: sorted keys, equal for equal values; few keys, for most at PEFT's default are left out.
     *
     * @param orientation how the base model stores the weights that the branches are added to
     */
    byte[] json(Orientation orientation) {
        Map<String, Object> keys = new TreeMap<>();
        keys.put("base_model_name_or_path", baseModel);
        keys.put("bias", "none");
        keys.put("fan_in_fan_out", orientation == Orientation.INPUT_ROWS);
        keys.put("inference_mode", true);
        keys.put("init_lora_weights", true);
        keys.put("lora_alpha", shape.alpha());
        keys.put("lora_dropout", 0.0);
        keys.put("peft_type", "LORA");
        keys.put("r", shape.rank());
        keys.put("target_modules", targets());
        keys.put("task_type", "CAUSAL_LM");
        if (!shape.layers().isEmpty()) {
            keys.put("layers_to_transform", shape.layers());
        }
        if (shape.kind() == Kind.DORA) {
            keys.put("use_dora", true);
        }
        if (shape.scaling() == Scaling.RSLORA) {
            keys.put("use_rslora", true);
        }
        if (!shape.ranks().isEmpty()) {
            keys.put("rank_pattern", shape.ranks());
        }
        if (!shape.alphas().isEmpty()) {
            keys.put("alpha_pattern", shape.alphas());
        }
        if (!shape.modulesToSave().isEmpty()) {
            keys.put("modules_to_save", shape.modulesToSave());
        }
        return Json.bytes(keys);
    }

    /** PEFT takes names in a list; all-linear or an expression is a text. */
    private Object targets() {
        String first = shape.targets().get(0);
        boolean text = first.equals(LoraConfig.ALL_LINEAR)
                || ModulePattern.target(first).isExpression();
        return text && shape.targets().size() == 1 ? first : shape.targets();
    }

    /**
     * Reads the file, ours or one that PEFT wrote. A key that asks for anything but a LoRA is refused by name, and so is
     * one that PEFT 0.21 does not have; PEFT's other keys may be there with the value that means nothing.
     *
     * @param where the file, for the error
     * @throws StageFailure ({@link ExitCode#MISMATCH}) naming the key, its value and what is allowed
     */
    public static PeftConfig parse(byte[] json, Path where) {
        PeftKeys keys = new PeftKeys(Json.parse(Map.class, json, where));
        try {
            keys.requireLora();
            return new PeftConfig(
                    keys.text("base_model_name_or_path"),
                    new AdapterShape(
                            keys.isTrue("use_dora") ? Kind.DORA : Kind.LORA,
                            keys.positive("r"),
                            keys.positive("lora_alpha"),
                            keys.isTrue("use_rslora") ? Scaling.RSLORA : Scaling.STANDARD,
                            keys.targets(),
                            keys.layers(),
                            keys.numbers("rank_pattern"),
                            keys.numbers("alpha_pattern"),
                            keys.modulesToSave()));
        } catch (IllegalArgumentException e) {
            throw new StageFailure(ExitCode.MISMATCH, where + ": " + e.getMessage(), e);
        }
    }
}
