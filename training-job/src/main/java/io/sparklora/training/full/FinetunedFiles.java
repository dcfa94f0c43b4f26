package io.sparklora.training.full;

import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.pipeline.config.TrainConfig.FinetuningType;
import io.sparklora.pipeline.run.Storage;
import io.sparklora.training.lora.Finetuned;
import io.sparklora.training.lora.PeftAdapter;
import org.apache.hadoop.fs.Path;

/** Adapters and whole models in files. */
public final class FinetunedFiles {
    private FinetunedFiles() {}

    /**
     * Reads what a manifest says is there.
     *
     * @param type what was trained
     * @param directory holds PEFT's two files, or the whole model
     * @param base the model that it was trained from
     * @throws StageFailure ({@link io.sparklora.pipeline.ExitCode#MISMATCH}) where it is missing, damaged or another's
     */
    public static Finetuned read(FinetuningType type, Storage storage, Path directory, BaseModel base) {
        return switch (type) {
            case LORA -> PeftAdapter.read(storage, directory, base);
            case FULL -> WholeModel.read(storage, directory, base);
        };
    }
}
