package io.sparklora.training.optimizer;

import java.io.Serializable;

/**
 * Scales a gradient down to a global L2 norm, as {@code torch.nn.utils.clip_grad_norm_}:
 * g *= min(1, maximum / (norm + 1e-6)).
 *
 * @param maximumNorm largest norm left alone; 0 for no clipping
 */
public record GradientClip(double maximumNorm) implements Serializable {
    private static final double EPSILON = 1e-6;

    /** Checks the range. */
    public GradientClip {
        if (!(maximumNorm >= 0) || Double.isInfinite(maximumNorm)) {
            throw new IllegalArgumentException("maximumNorm must be at least 0 but was " + maximumNorm);
        }
    }

    /** Clips in place and returns the norm before, summed in double precision from the first element to the last. */
    public double clip(float[] gradient) {
        double squares = 0;
        for (float g : gradient) {
            squares += (double) g * g;
        }
        double norm = Math.sqrt(squares);
        float coefficient = (float) (maximumNorm / (norm + EPSILON));
        if (maximumNorm > 0 && coefficient < 1) {
            for (int i = 0; i < gradient.length; i++) {
                gradient[i] *= coefficient;
            }
        }
        return norm;
    }
}
