package io.sparklora.training.job;

import io.sparklora.pipeline.adapter.ComputeType;
import io.sparklora.pipeline.run.Storage;
import io.sparklora.training.model.LossProgram;
import java.util.Optional;
import java.util.Random;

/** Opens {@link BigramProgram}s. */
record BigramFactory(int vocabulary, long seed) implements ProgramFactory {
    private static final long serialVersionUID = 1L;

    @Override
    public LossProgram open(Optional<ComputeType> settled) {
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
