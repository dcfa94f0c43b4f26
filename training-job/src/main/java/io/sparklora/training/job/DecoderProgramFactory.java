package io.sparklora.training.job;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.adapter.Arithmetic;
import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.pipeline.basemodel.DecoderWeight;
import io.sparklora.pipeline.run.ContentKey;
import io.sparklora.pipeline.run.Storage;
import io.sparklora.training.lora.Finetuned;
import io.sparklora.training.lora.Finetuning;
import io.sparklora.training.lora.LoraLayout;
import io.sparklora.training.lora.LoraMatrix;
import io.sparklora.training.lora.PeftAdapter;
import io.sparklora.training.lora.WarmStart;
import io.sparklora.training.model.HostModel;
import io.sparklora.training.model.LossProgram;
import io.sparklora.training.model.TaskGpu;
import io.sparklora.training.model.TrainingOptions;
import io.sparklora.training.optimizer.ParameterGroup;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.hadoop.fs.Path;

/**
 * A base model with what is trained of it, opened where it is the model that the run was planned for.
 *
 * @param host the base model on each host
 * @param baseHash what the base model must be
 * @param finetuning what is trained
 * @param from directory of the adapter to start from; empty for none
 * @param training what the program does where it computes gradients
 * @param seed of the initial A
 */
record DecoderProgramFactory(
        HostModel host, String baseHash, Finetuning finetuning, String from, TrainingOptions training, long seed)
        implements ProgramFactory {
    @Override
    public LossProgram open(Optional<Arithmetic> settled, TaskGpu gpu) {
        HostModel settledHost = settled.map(host::computing).orElse(host);
        try (BaseModel base = settledHost.open(new ContentKey(baseHash))) {
            return settledHost.program(base, finetuning, gpu, training);
        }
    }

    @Override
    public float[] initialParameters(Storage storage) {
        try (BaseModel base = host.open()) {
            return from.isEmpty()
                    ? host.initialParameters(base, finetuning, seed)
                    : new WarmStart(PeftAdapter.read(storage, new Path(from), base))
                            .initial(finetuning.layout(base.shape()));
        } catch (IllegalArgumentException e) {
            String key = from.isEmpty() ? "lora" : "lora.from " + from;
            throw new StageFailure(ExitCode.MISMATCH, key + ": " + e.getMessage(), e);
        }
    }

    /**
     * Learning rates of A and B, and of modules that are trained whole, which have A's (LoRA+, Hayou et al. 2024, arXiv
     * 2402.12354). Where every weight is trained, norms and biases do not decay, as transformers' Trainer has it.
     *
     * @param ratio B's over A's
     */
    List<ParameterGroup> groups(double ratio) {
        try (BaseModel base = host.open()) {
            LoraLayout layout = finetuning.layout(base.shape());
            if (!layout.whole().isEmpty()) {
                return layout.whole().stream()
                        .map(entry -> new ParameterGroup(
                                entry.offset(),
                                entry.offset() + entry.elements(),
                                1,
                                entry.weight().kind() == DecoderWeight.Kind.MATRIX ? 1 : 0))
                        .toList();
            }
            return Stream.concat(
                            layout.entries().stream()
                                    .map(entry -> new ParameterGroup(
                                            entry.offset(),
                                            entry.offset() + entry.elements(),
                                            entry.matrix() == LoraMatrix.B ? ratio : 1)),
                            layout.saved().stream()
                                    .map(entry ->
                                            new ParameterGroup(entry.offset(), entry.offset() + entry.elements(), 1)))
                    .toList();
        }
    }

    /** What is published of a run's last parameters: an adapter as servers take it, or the whole model. */
    Finetuned publishable(float[] parameters) {
        try (BaseModel base = host.open()) {
            return finetuning.publishable(base, parameters);
        }
    }
}
