package io.sparklora.training.job;

import io.sparklora.training.checkpoint.StepRecord;
import io.sparklora.training.checkpoint.StepRecord.Update;
import java.util.ArrayDeque;
import java.util.List;
import java.util.OptionalDouble;

/**
 * Finds steps whose loss stands out: above the mean of the last {@value #WINDOW} updates by {@value #DEVIATIONS} of their
 * standard deviations. A spike is no fault, so nothing stops; it is a hint at bad rows or too high a learning rate. Steps
 * are given in their order. Not thread-safe.
 */
final class LossSpikes {
    private static final int WINDOW = 32;
    private static final int FEWEST = 16;
    private static final double DEVIATIONS = 6;

    private final ArrayDeque<Double> recent = new ArrayDeque<>();

    /** How many of a run's steps stood out. */
    static long count(List<StepRecord> history) {
        LossSpikes spikes = new LossSpikes();
        return history.stream()
                .filter(step -> spikes.standsOutFrom(step).isPresent())
                .count();
    }

    /** The recent mean, in nats a token, that this step stands out from, if it does; it counts among the recent after. */
    OptionalDouble standsOutFrom(StepRecord step) {
        if (step.update() != Update.APPLIED) {
            return OptionalDouble.empty();
        }
        double mean = recent.stream().mapToDouble(Double::doubleValue).average().orElse(0);
        boolean found = recent.size() >= FEWEST && step.loss() > mean + DEVIATIONS * deviation(mean);
        recent.add(step.loss());
        if (recent.size() > WINDOW) {
            recent.remove();
        }
        return found ? OptionalDouble.of(mean) : OptionalDouble.empty();
    }

    private double deviation(double mean) {
        return Math.sqrt(recent.stream()
                .mapToDouble(loss -> (loss - mean) * (loss - mean))
                .average()
                .orElse(0));
    }
}
