package io.sparklora.training.job;

import io.sparklora.pipeline.adapter.Arithmetic;
import io.sparklora.pipeline.run.Storage;
import io.sparklora.training.model.LossProgram;
import io.sparklora.training.model.TaskGpu;
import java.util.Optional;
import java.util.Random;

/** Opens {@link BigramProgram}s. */
record BigramFactory(int vocabulary, long seed) implements ProgramFactory {
    private static final long serialVersionUID = 1L;

    @Override
    public LossProgram open(Optional<Arithmetic> settled, TaskGpu gpu) {
        return new BigramProgram(vocabulary);
    }

    @Override
    public float[] initialParameters(Storage storage) {
        Random random = new Random(seed);
        float[] parameters = new float[vocabulary * vocabulary];
        for (int i = 0; i < parameters.length; i++) {
            parameters[i] = (float) random.nextGaussian() * 0.1f;
        }
        return parameters;
    }
}
