package io.sparklora.training.job;

import io.sparklora.pipeline.run.Storage;
import io.sparklora.training.checkpoint.CheckpointSchedule;
import io.sparklora.training.checkpoint.Checkpoints;
import io.sparklora.training.checkpoint.RunIdentity;
import io.sparklora.training.checkpoint.Snapshot;
import io.sparklora.training.checkpoint.StepRecord;
import io.sparklora.training.collective.RingSettings;
import io.sparklora.training.data.BatchPlan;
import io.sparklora.training.optimizer.AdamW;
import io.sparklora.training.optimizer.GradientClip;
import io.sparklora.training.optimizer.LearningRate;
import io.sparklora.training.optimizer.ParameterGroup;
import java.io.Serializable;
import java.util.List;
import org.apache.hadoop.fs.Path;

/**
 * A run, resolved: what every rank needs to know, and nothing that depends on how many there are.
 *
 * @param identity what the run is made of
 * @param dataset directory of the token dataset
 * @param checkpoints directory of the run's checkpoints
 * @param schedule when a checkpoint is due
 * @param batches which sequences make which step
 * @param learningRate of each step
 * @param clip bound of the gradient's norm
 * @param weightDecay AdamW's, at least 0
 * @param validation when and on what the adapter is measured
 * @param groups learning rates of the parameters; empty for one
 * @param ring how ranks exchange sums
 */
public record TrainingSpec(
        RunIdentity identity,
        String dataset,
        String checkpoints,
        CheckpointSchedule schedule,
        BatchPlan batches,
        LearningRate learningRate,
        GradientClip clip,
        double weightDecay,
        ValidationPlan validation,
        List<ParameterGroup> groups,
        RingSettings ring)
        implements Serializable {
    /** Refuses parts that do not belong together. */
    public TrainingSpec {
        groups = List.copyOf(groups);
        if (!(weightDecay >= 0)) {
            throw new IllegalArgumentException("weight decay " + weightDecay);
        }
        if (learningRate.steps() != batches.steps()) {
            throw new IllegalArgumentException(
                    "a learning rate for " + learningRate.steps() + " steps of a plan of " + batches.steps());
        }
    }

    /** The optimiser that goes on from a snapshot, whose arrays it takes over. */
    AdamW optimizer(Snapshot from) {
        int parameters = from.parameters().length;
        return new AdamW(
                from.firstMoment(),
                from.secondMoment(),
                from.updates(),
                weightDecay,
                groups.isEmpty() ? ParameterGroup.whole(parameters) : groups);
    }

    /** Whether nothing is left to do after these steps. */
    boolean isOver(List<StepRecord> history) {
        return history.size() >= batches.steps() || validation.isOver(history);
    }

    /** The run's checkpoints. */
    Checkpoints openCheckpoints(Storage storage) {
        return new Checkpoints(storage, new Path(checkpoints), identity, batches.batchSequences());
    }
}
