package io.sparklora.training.checkpoint;

import java.util.List;

/**
 * All that a run is between two steps.
 *
 * @param step steps made, at least 0; the next step's number from 0, and with the plan the data cursor
 * @param updates steps that updated the adapter, which AdamW's bias correction counts
 * @param parameters the adapter's flat vector
 * @param firstMoment AdamW's, as long
 * @param secondMoment AdamW's, as long
 * @param history a record of each step made; the arrays are taken over, the list is copied
 */
public record TrainingState(
        long step,
        long updates,
        float[] parameters,
        float[] firstMoment,
        float[] secondMoment,
        List<StepRecord> history) {
    /** Refuses parts that do not belong together. */
    public TrainingState {
        history = List.copyOf(history);
        if (step < 0 || updates < 0 || updates > step || history.size() != step) {
            throw new IllegalArgumentException(
                    "step " + step + " with " + updates + " updates and " + history.size() + " records");
        }
        if (firstMoment.length != parameters.length || secondMoment.length != parameters.length) {
            throw new IllegalArgumentException(parameters.length + " parameters with " + firstMoment.length + " and "
                    + secondMoment.length + " moments");
        }
    }

    /** The state before the first step. */
    public static TrainingState initial(float[] parameters) {
        return new TrainingState(
                0, 0, parameters, new float[parameters.length], new float[parameters.length], List.of());
    }
}
