package io.sparklora.training.optimizer;

import java.util.List;

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter, ICLR 2019, algorithm 2) in PyTorch's order of operations,
 * with its defaults beta1 = 0.9, beta2 = 0.999, eps = 1e-8. Parameter groups differ in their learning
 * rate and in how far they decay.
 *
 * <p>State and arithmetic are fp32; coefficients are computed in double precision and rounded once. Used by one thread.
 */
public final class AdamW {
    private static final double BETA1 = 0.9;
    private static final double BETA2 = 0.999;
    private static final float EPSILON = 1e-8f;

    private final List<ParameterGroup> groups;
    private final double weightDecay;
    private final float[] firstMoment;
    private final float[] secondMoment;
    private long updates;

    /** @param weightDecay share of the learning rate by which a parameter shrinks each update, at least 0 */
    public AdamW(int parameters, double weightDecay) {
        this(new float[parameters], new float[parameters], 0, weightDecay, ParameterGroup.whole(parameters));
    }

    /**
     * Continues from a saved state; the arrays are taken over.
     *
     * @param updates how many updates made the moments, at least 0
     * @param groups every parameter once
     */
    public AdamW(
            float[] firstMoment, float[] secondMoment, long updates, double weightDecay, List<ParameterGroup> groups) {
        if (firstMoment.length != secondMoment.length || updates < 0 || !(weightDecay >= 0)) {
            throw new IllegalArgumentException(firstMoment.length + " and " + secondMoment.length + " moments after "
                    + updates + " updates with weight decay " + weightDecay);
        }
        if (groups.stream().mapToLong(group -> group.end() - group.first()).sum() != firstMoment.length) {
            throw new IllegalArgumentException(firstMoment.length + " parameters in groups " + groups);
        }
        this.groups = List.copyOf(groups);
        this.firstMoment = firstMoment;
        this.secondMoment = secondMoment;
        this.updates = updates;
        this.weightDecay = weightDecay;
    }

    /** Updates {@code parameters} in place; both arrays have as many elements as the moments. */
    public void step(float[] parameters, float[] gradient, double learningRate) {
        updates++;
        // StrictMath: the same bits on every JVM, where Math.pow may differ in the last place.
        double correction1 = 1 - StrictMath.pow(BETA1, (double) updates);
        float rootCorrection = (float) Math.sqrt(1 - StrictMath.pow(BETA2, (double) updates));
        for (ParameterGroup group : groups) {
            double rate = learningRate * group.ratio();
            float decay = (float) (1 - rate * weightDecay * group.decay());
            float stepSize = (float) (rate / correction1);
            step(parameters, gradient, group, decay, stepSize, rootCorrection);
        }
    }

    private void step(
            float[] parameters,
            float[] gradient,
            ParameterGroup group,
            float decay,
            float stepSize,
            float rootCorrection) {
        float rate1 = (float) (1 - BETA1);
        float beta2 = (float) BETA2;
        float rate2 = (float) (1 - BETA2);
        float[] m = firstMoment;
        float[] v = secondMoment;
        for (int i = group.first(); i < group.end(); i++) {
            float g = gradient[i];
            m[i] = m[i] + rate1 * (g - m[i]);
            v[i] = v[i] * beta2 + rate2 * g * g;
            float denominator = (float) Math.sqrt(v[i]) / rootCorrection + EPSILON;
            parameters[i] = parameters[i] * decay - stepSize * (m[i] / denominator);
        }
    }

    /** Running mean of the gradient: the state itself, not a copy. */
    public float[] firstMoment() {
        return firstMoment;
    }

    /** Running mean of the squared gradient: the state itself, not a copy. */
    public float[] secondMoment() {
        return secondMoment;
    }

    /** Updates made so far. */
    public long updates() {
        return updates;
    }
}
