package io.sparklora.training.optimizer;

import io.sparklora.pipeline.config.TrainConfig.Schedule;
import java.io.Serializable;

/**
 * The learning rate of each step: a linear warm-up from peak / warmupSteps to the peak, then a decay that would reach 0
 * one step after the last; schedule wsd stays at the peak until the last decaySteps.
 *
 * @param peak largest rate, at least 0
 * @param schedule shape of the decay
 * @param warmupSteps steps of the warm-up, in [0, steps]
 * @param decaySteps steps of wsd's decay, in [0, steps - warmupSteps]; other schedules decay from the warm-up on
 * @param steps all steps of the run, at least 1
 */
public record LearningRate(double peak, Schedule schedule, long warmupSteps, long decaySteps, long steps)
        implements Serializable {
    /** So that 0.07 of 100 steps is 7 and not 8. */
    private static final double ROUNDING = 1e-9;

    /** Checks the ranges. */
    public LearningRate {
        if (!(peak >= 0) || steps < 1 || warmupSteps < 0 || warmupSteps > steps) {
            throw new IllegalArgumentException(
                    "a learning rate of " + peak + " with " + warmupSteps + " of " + steps + " steps to warm up");
        }
        if (decaySteps < 0 || decaySteps > steps - warmupSteps) {
            throw new IllegalArgumentException(
                    decaySteps + " steps of decay after " + warmupSteps + " of " + steps + " steps to warm up");
        }
    }

    /** With a warm-up over a share of the steps, rounded up, and wsd's decay over another; both in [0, 1]. */
    public static LearningRate of(double peak, Schedule schedule, double warmup, double decay, long steps) {
        long warmupSteps = share(warmup, steps);
        long decaySteps = Math.max(0, Math.min(share(decay, steps), steps - warmupSteps));
        return new LearningRate(peak, schedule, warmupSteps, decaySteps, steps);
    }

    private static long share(double share, long steps) {
        return (long) Math.ceil(share * steps - ROUNDING);
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
                    case WSD -> step < steps - decaySteps ? 1.0 : (double) (steps - step) / decaySteps;
                    // StrictMath: the same bits on every JVM.
                    case COSINE -> 0.5 * (1 + StrictMath.cos(Math.PI * progress));
                };
    }
}
