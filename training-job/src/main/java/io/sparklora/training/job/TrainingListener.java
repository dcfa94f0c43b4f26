package io.sparklora.training.job;

import io.sparklora.training.checkpoint.TrainingState;

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
}
