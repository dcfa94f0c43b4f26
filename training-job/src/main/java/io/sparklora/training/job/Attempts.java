package io.sparklora.training.job;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import java.util.Set;
import java.util.function.LongSupplier;

/**
 * What the driver remembers from one attempt to the next, and whether there is a next. It knows neither Spark nor clocks,
 * so that a test can go through every order of events.
 *
 * @param start step that the last attempt started from; -1 before the first
 * @param fruitless attempts in a row before the last that got no further
 * @param leaving executors that will soon be gone
 */
record Attempts(long start, int fruitless, Set<String> leaving) {
    /** So many attempts in a row that get no further end the run. */
    static final int MOST_FRUITLESS = 4;

    /** Before the first attempt. */
    static final Attempts NONE = new Attempts(-1, 0, Set.of());

    /** Copies the set. */
    Attempts {
        leaving = Set.copyOf(leaving);
    }

    /** An attempt starts from a step. */
    Attempts started(long step) {
        return new Attempts(step, step > start ? 0 : fruitless + 1, Set.of());
    }

    /**
     * The attempt ended and not all steps are made.
     *
     * @param saved gives the step of the newest checkpoint, 0 for none; asked only where the run would end
     * @throws StageFailure where there have been enough attempts that got no further
     */
    Attempts ended(AttemptEnd end, LongSupplier saved) {
        if (fruitless + 1 >= MOST_FRUITLESS && saved.getAsLong() <= start) {
            throw new StageFailure(
                    ExitCode.RETRYABLE,
                    MOST_FRUITLESS + " attempts in a row got no further than step " + start + "; the last one: "
                            + end.lost().orElseThrow());
        }
        return new Attempts(start, fruitless, end.leaving());
    }
}
