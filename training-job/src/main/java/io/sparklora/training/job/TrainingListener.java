package io.sparklora.training.job;

import io.sparklora.training.checkpoint.TrainingState;
import java.util.List;

/**
 * Watches a run from the driver. Calls come one at a time; steps may be missing, and are made again after an attempt
 * was lost.
 */
public interface TrainingListener {
    /**
     * An attempt begins.
     *
     * @param executors ranks of the attempt
     * @param from the state that it starts from
     */
    void attemptStarted(int executors, TrainingState from);

    /** A step was made. */
    void stepMade(TimedStep step);

    /** The attempt cannot go on and another follows; {@code why} is one line. */
    void attemptLost(String why);

    /** Tells several, in the order given. */
    static TrainingListener all(List<TrainingListener> listeners) {
        List<TrainingListener> told = List.copyOf(listeners);
        return new TrainingListener() {
            @Override
            public void attemptStarted(int executors, TrainingState from) {
                told.forEach(listener -> listener.attemptStarted(executors, from));
            }

            @Override
            public void stepMade(TimedStep step) {
                told.forEach(listener -> listener.stepMade(step));
            }

            @Override
            public void attemptLost(String why) {
                told.forEach(listener -> listener.attemptLost(why));
            }
        };
    }
}
