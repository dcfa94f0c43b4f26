package io.sparklora.training.collective;

import java.time.Duration;

/**
 * When to stop waiting.
 *
 * @param limit how long that was when the wait began
 * @param nanoTime the moment by {@link System#nanoTime()}
 */
record Deadline(Duration limit, long nanoTime) {
    static Deadline in(Duration limit) {
        return new Deadline(limit, System.nanoTime() + limit.toNanos());
    }

    /** 0 once it has passed. */
    long nanosLeft() {
        return Math.max(0, nanoTime - System.nanoTime());
    }
}
