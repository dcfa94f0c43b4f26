package io.sparklora.training.job;

import io.sparklora.pipeline.adapter.Arithmetic;
import io.sparklora.pipeline.run.Storage;
import io.sparklora.training.model.LossProgram;
import io.sparklora.training.model.TaskGpu;
import java.io.Serializable;
import java.util.Optional;

/** How an executor gets the model that it trains; travels to every executor as it is. */
public interface ProgramFactory extends Serializable {
    /**
     * Opens the program on the calling thread, which uses and closes it.
     *
     * @param settled what the run began with, if it has begun
     * @param gpu what Spark gave the task to compute on
     * @throws io.sparklora.pipeline.StageFailure where the model is not what the run was planned for, or cannot be computed
     *     with as it began
     */
    LossProgram open(Optional<Arithmetic> settled, TaskGpu gpu);

    /**
     * The adapter before the first step: a new array, the same bytes on every rank and at every restart.
     *
     * @param storage where an adapter to start from may lie
     */
    float[] initialParameters(Storage storage);
}
