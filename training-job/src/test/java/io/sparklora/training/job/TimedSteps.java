package io.sparklora.training.job;

import io.sparklora.training.checkpoint.StepRecord;
import java.util.List;
import java.util.Optional;

/** Steps as two ranks made them. */
final class TimedSteps {
    private TimedSteps() {}

    /** Of 2,048 tokens; the ranks computed all the time but half a second and one second. */
    static TimedStep of(StepRecord step, double seconds) {
        return new TimedStep(step, 2048, seconds, List.of(seconds - 0.5, seconds - 1), Optional.empty());
    }
}
