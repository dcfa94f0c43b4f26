package io.sparklora.training.job;

import io.sparklora.pipeline.adapter.ComputeType;
import io.sparklora.pipeline.run.Storage;
import io.sparklora.training.model.LossProgram;
import java.io.Serializable;
import java.util.Optional;

/** How an executor gets the model that it trains; travels to every executor as it is. */
public interface ProgramFactory extends Serializable {
    /**
     * Opens the program on the calling thread, which uses and closes it.
     *
     * @throws io.sparklora.pipeline.StageFailure where the model is not what the run was planned for
     */
    default LossProgram open() {
        return open(Optional.empty());
    }

    /**
     * The same where the number type of its products is settled, on whatever processor.
     *
     * @param settled the type that the run began with, if it has begun
     */
    LossProgram open(Optional<ComputeType> settled);

    /**
     * The adapter before the first step: a new array, the same bytes on every rank and at every restart.
     *
     * @param storage where an adapter to start from may lie
     */
    float[] initialParameters(Storage storage);
}
