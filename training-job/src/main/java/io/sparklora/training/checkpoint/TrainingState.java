package io.sparklora.training.checkpoint;

import io.sparklora.pipeline.adapter.Arithmetic;
import java.util.List;
import java.util.Optional;

/**
 * All that a run is between two steps.
 *
 * @param current the adapter after {@code history.size()} steps; the step's number is, with the plan, the data cursor
 * @param milestone the adapter at an earlier step, to which a run that breaks down goes back
 * @param best the adapter with the lowest validation loss, where one was measured
 * @param history a record of each step made; the list is copied
 * @param arithmetic what the run's products are computed on and in from its first step on; absent before it
 */
public record TrainingState(
        Snapshot current,
        Snapshot milestone,
        Optional<BestAdapter> best,
        List<StepRecord> history,
        Optional<Arithmetic> arithmetic) {
    /** Refuses parts that do not belong together. */
    public TrainingState {
        history = List.copyOf(history);
        if (history.size() != current.step()) {
            throw new IllegalArgumentException("step " + current.step() + " with " + history.size() + " records");
        }
        if (milestone.step() > current.step() || milestone.parameters().length != current.parameters().length) {
            throw new IllegalArgumentException("a milestone of step " + milestone.step() + " with "
                    + milestone.parameters().length + " parameters for step " + current.step() + " with "
                    + current.parameters().length);
        }
        best.ifPresent(adapter -> {
            if (adapter.step() > current.step() || adapter.parameters().length != current.parameters().length) {
                throw new IllegalArgumentException("a best adapter of step " + adapter.step() + " with "
                        + adapter.parameters().length + " parameters for step " + current.step() + " with "
                        + current.parameters().length);
            }
        });
    }

    /** The state before the first step; the array is taken over. */
    public static TrainingState initial(float[] parameters) {
        Snapshot start = new Snapshot(0, 0, parameters, new float[parameters.length], new float[parameters.length]);
        return new TrainingState(start, start.copy(), Optional.empty(), List.of(), Optional.empty());
    }

    /** The same with arrays of its own where a run changes them: milestone and best adapter never change. */
    public TrainingState copy() {
        return new TrainingState(current.copy(), milestone, best, history, arithmetic);
    }

    /** Bytes of its vectors where all are saved: the current adapter's, the milestone's and the best one's. */
    long mostBytes() {
        int vectors = 2 * 3 + 1;
        return (long) vectors * Float.BYTES * current.parameters().length;
    }

    /** Steps made. */
    public long step() {
        return current.step();
    }

    /** Steps that made the moments. */
    public long updates() {
        return current.updates();
    }

    /** The adapter's flat vector: the state itself, not a copy. */
    public float[] parameters() {
        return current.parameters();
    }

    /** AdamW's running mean of the gradient: the state itself, not a copy. */
    public float[] firstMoment() {
        return current.firstMoment();
    }

    /** AdamW's running mean of the squared gradient: the state itself, not a copy. */
    public float[] secondMoment() {
        return current.secondMoment();
    }
}
