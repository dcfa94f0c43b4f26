package io.sparklora.pipeline.adapter;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.pipeline.basemodel.DecoderWeight;
import java.nio.file.Files;
import java.util.List;

/** What full fine-tuning trains, where it can: every weight of the base model, each once. */
public final class FullFinetuning {
    private FullFinetuning() {}

    /**
     * The weights that a configuration of {@code train.finetuning-type: full} trains.
     *
     * @throws StageFailure ({@link ExitCode#USAGE}) where the model has too many, or could not be written again
     */
    public static List<DecoderWeight> planned(BaseModel base) {
        if (!Files.isDirectory(base.path())) {
            throw new StageFailure(
                    ExitCode.USAGE,
                    "train.finetuning-type full needs a Hugging Face directory as base.model but it is " + base.path()
                            + ": what is published is such a directory, and a GGUF file lacks its configuration and"
                            + " tokenizer files");
        }
        List<DecoderWeight> weights = DecoderWeight.of(base.shape());
        long parameters = parameters(weights);
        if (parameters > AdapterShape.MOST_PARAMETERS) {
            throw new StageFailure(
                    ExitCode.USAGE,
                    "train.finetuning-type full trains at most " + AdapterShape.MOST_PARAMETERS + " weights but "
                            + base.path() + " has " + parameters
                            + ": take a smaller model, or train.finetuning-type lora");
        }
        return weights;
    }

    /** How many numbers weights are. */
    public static long parameters(List<DecoderWeight> weights) {
        return weights.stream().mapToLong(DecoderWeight::elements).sum();
    }
}
