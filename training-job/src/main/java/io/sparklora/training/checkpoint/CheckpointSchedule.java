package io.sparklora.training.checkpoint;

import java.io.Serializable;
import java.time.Duration;

/**
 * When a run's state is saved: whichever comes first. The adapter's bytes do not depend on it.
 *
 * @param steps steps between checkpoints, at least 1
 * @param interval longest time between checkpoints; zero for no bound
 * @param grace how long a process that is told to end may take to make its step and save the state
 */
public record CheckpointSchedule(int steps, Duration interval, Duration grace) implements Serializable {
    /** Refuses what is out of range. */
    public CheckpointSchedule {
        if (steps < 1 || interval.isNegative() || grace.isNegative()) {
            throw new IllegalArgumentException(
                    "a checkpoint every " + steps + " steps or " + interval + ", a grace of " + grace);
        }
    }

    boolean isDue(long step, Duration sinceLast) {
        return step % steps == 0 || (!interval.isZero() && sinceLast.compareTo(interval) >= 0);
    }
}
