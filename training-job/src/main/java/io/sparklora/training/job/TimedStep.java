package io.sparklora.training.job;

import io.sparklora.training.checkpoint.StepRecord;
import java.util.List;
import java.util.Optional;

/**
 * A step as rank 0 saw it.
 *
 * @param step what it came to
 * @param tokens computed in it over all ranks, padding included
 * @param seconds that it took
 * @param computeSeconds what each rank took of them for its own micro-batches, in rank order; the rest it waited
 * @param straggler a rank that has shown itself far slower than the others
 */
public record TimedStep(
        StepRecord step, long tokens, double seconds, List<Double> computeSeconds, Optional<Straggler> straggler) {
    /** Copies the list. */
    public TimedStep {
        computeSeconds = List.copyOf(computeSeconds);
    }

    /** The same with a straggler, if there is one. */
    TimedStep with(Optional<Straggler> found) {
        return new TimedStep(step, tokens, seconds, computeSeconds, found);
    }
}
