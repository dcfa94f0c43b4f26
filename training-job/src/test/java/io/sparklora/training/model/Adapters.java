package io.sparklora.training.model;

import io.sparklora.training.lora.LoraEntry;
import io.sparklora.training.lora.LoraLayout;
import io.sparklora.training.lora.LoraMatrix;
import java.util.Random;

/** Parameter vectors to test with. */
final class Adapters {
    private Adapters() {}

    /** A with standard deviation 1 / sqrt(inputs), B with 0.02: branches that matter but do not dominate. */
    static float[] random(LoraLayout layout, long seed) {
        Random random = new Random(seed);
        float[] parameters = new float[layout.parameterCount()];
        for (LoraEntry entry : layout.entries()) {
            double deviation = entry.matrix() == LoraMatrix.A ? 1 / Math.sqrt(entry.columns()) : 0.02;
            for (int i = entry.offset(); i < entry.offset() + entry.elements(); i++) {
                parameters[i] = (float) (deviation * random.nextGaussian());
            }
        }
        return parameters;
    }
}
