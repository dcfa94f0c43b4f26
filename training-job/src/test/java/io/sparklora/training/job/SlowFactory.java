package io.sparklora.training.job;

import io.sparklora.pipeline.adapter.Arithmetic;
import io.sparklora.pipeline.run.Storage;
import io.sparklora.training.model.LossProgram;
import io.sparklora.training.model.MicroBatch;
import io.sparklora.training.model.TaskGpu;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * The little model, slow enough for something to happen before the run is over.
 *
 * @param pauseMillis of each micro-batch
 */
record SlowFactory(int pauseMillis) implements ProgramFactory {
    private static final long serialVersionUID = 1L;

    @Override
    public LossProgram open(Optional<Arithmetic> settled, TaskGpu gpu) {
        return new BigramProgram(LittleRun.VOCABULARY) {
            @Override
            public double forwardBackward(MicroBatch batch, float[] gradient) {
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(pauseMillis));
                return super.forwardBackward(batch, gradient);
            }
        };
    }

    @Override
    public float[] initialParameters(Storage storage) {
        return LittleRun.FACTORY.initialParameters(storage);
    }
}
