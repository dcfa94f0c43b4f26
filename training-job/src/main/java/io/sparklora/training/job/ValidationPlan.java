package io.sparklora.training.job;

import io.sparklora.training.checkpoint.StepRecord;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * When and on what the adapter is measured while it is trained, and when that ends the training. All of it follows from the
 * steps made, so that every rank and every restart decides alike.
 *
 * @param everySteps steps between measurements; 0 for none
 * @param sequences of the validation split, at least 1 where there are measurements
 * @param measured how many of them are measured, spread evenly, from 1 to {@code sequences}
 * @param microSequences sequences of a native call, at least 1
 * @param patience measurements without a lower loss that end the training; 0 for never
 * @param keepsLowest whether the adapter with the lowest loss is the result, rather than the last
 */
public record ValidationPlan(
        int everySteps, long sequences, int measured, int microSequences, int patience, boolean keepsLowest)
        implements Serializable {
    /** Nothing is measured. */
    public static final ValidationPlan NONE = new ValidationPlan(0, 0, 0, 1, 0, false);

    /** Refuses parts that do not belong together. */
    public ValidationPlan {
        if (everySteps < 0 || microSequences < 1 || patience < 0) {
            throw new IllegalArgumentException("a measurement every " + everySteps + " steps, " + microSequences
                    + " sequences a call, patience " + patience);
        }
        if (everySteps > 0 && (measured < 1 || measured > sequences)) {
            throw new IllegalArgumentException(measured + " of " + sequences + " validation sequences");
        }
    }

    /** Whether there are measurements. */
    public boolean isOn() {
        return everySteps > 0;
    }

    /** Whether the adapter is measured after this step of so many. */
    boolean isDue(long step, long steps) {
        return isOn() && (step % everySteps == 0 || step == steps);
    }

    /** How many native calls measure it. */
    int microBatches() {
        return (measured + microSequences - 1) / microSequences;
    }

    /** The sequence ids of the native calls that a rank makes. */
    List<long[]> microBatches(int rank, int world) {
        List<long[]> own = new ArrayList<>();
        for (int number = rank; number < microBatches(); number += world) {
            int first = number * microSequences;
            long[] ids = new long[Math.min(microSequences, measured - first)];
            Arrays.setAll(ids, row -> (first + row) * sequences / measured);
            own.add(ids);
        }
        return own;
    }

    /** The step with the lowest loss, the first of several; empty where nothing was measured. */
    static Optional<StepRecord> lowest(List<StepRecord> history) {
        return history.stream()
                .filter(step -> step.validationLoss().isPresent())
                .min((one, other) -> Double.compare(loss(one), loss(other)));
    }

    private static double loss(StepRecord step) {
        return step.validationLoss().orElseThrow();
    }

    /** Whether the loss has not fallen for so long that the training ends. */
    boolean isOver(List<StepRecord> history) {
        if (patience == 0 || history.isEmpty() || !isDue(history.size(), 0)) {
            return false;
        }
        long lowest = lowest(history).map(StepRecord::step).orElse(0L);
        return history.stream()
                        .filter(step -> step.step() > lowest && isDue(step.step(), 0))
                        .count()
                >= patience;
    }
}
