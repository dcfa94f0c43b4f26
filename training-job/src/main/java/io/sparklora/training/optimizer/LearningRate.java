package io.sparklora.training.optimizer;

import io.sparklora.pipeline.config.TrainConfig.Schedule;
import java.io.Serializable;

/**
 * The learning rate of each step: a linear warm-up from peak / warmupSteps to the peak, then a decay that would reach 0
 * one step after the last.
 *
 * @param peak largest rate, at least 0
 * @param schedule shape of the decay
 * @param warmupSteps steps of the warm-up, in [0, steps]
 * @param steps all steps of the run, at least 1
 */
public record LearningRate(double peak, Schedule schedule, long warmupSteps, long steps) implements Serializable {
    /** So that 0.07 of 100 steps is 7 and not 8. */
    private static final double ROUNDING = 1e-9;

    /** Checks the ranges. */
    public LearningRate {
        if (!(peak >= 0) || steps < 1 || warmupSteps < 0 || warmupSteps > steps) {
            throw new IllegalArgumentException(
                    "a learning rate of " + peak + " with " + warmupSteps + " of " + steps + " steps to warm up");
        }
    }

    /** With a warm-up over a share of the steps, in [0, 1], rounded up. */
    public static LearningRate of(double peak, Schedule schedule, double warmup, long steps) {
        return new LearningRate(peak, schedule, (long) Math.ceil(warmup * steps - ROUNDING), steps);
    }

    /** The rate at a step in [0, steps). */
    public double at(long step) {
        if (step < warmupSteps) {
            return peak * (step + 1) / warmupSteps;
        }
        double progress = (double) (step - warmupSteps) / Math.max(1, steps - warmupSteps);
        return peak
                * switch (schedule) {
                    case CONSTANT -> 1.0;
                    case LINEAR -> 1 - progress;
                    // StrictMath: the same bits on every JVM.
                    case COSINE -> 0.5 * (1 + StrictMath.cos(Math.PI * progress));
                };
    }
}
