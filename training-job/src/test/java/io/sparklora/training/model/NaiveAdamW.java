package io.sparklora.training.model;

/** AdamW written down as in its paper (Loshchilov and Hutter 2019, arXiv 1711.05101), without weight decay. */
final class NaiveAdamW {
    private static final double BETA1 = 0.9;
    private static final double BETA2 = 0.999;
    private static final double EPSILON = 1e-8;

    private final float[] parameters;
    private final double learningRate;
    private final float[] first;
    private final float[] second;
    private int steps;

    NaiveAdamW(float[] parameters, double learningRate) {
        this.parameters = parameters.clone();
        this.learningRate = learningRate;
        this.first = new float[parameters.length];
        this.second = new float[parameters.length];
    }

    float[] parameters() {
        return parameters;
    }

    void step(float[] gradient) {
        steps++;
        double correction1 = 1 - Math.pow(BETA1, steps);
        double correction2 = Math.sqrt(1 - Math.pow(BETA2, steps));
        for (int i = 0; i < gradient.length; i++) {
            first[i] = (float) (BETA1 * first[i] + (1 - BETA1) * gradient[i]);
            second[i] = (float) (BETA2 * second[i] + (1 - BETA2) * gradient[i] * gradient[i]);
            parameters[i] -= (float)
                    (learningRate / correction1 * first[i] / (Math.sqrt(second[i]) / correction2 + EPSILON));
        }
    }
}
