package io.sparklora.training.job;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.training.job.RankOutcome.Failed;
import io.sparklora.training.job.RankOutcome.Left;
import io.sparklora.training.job.RankOutcome.Origin;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.spark.SparkException;

/**
 * What an attempt came to that another may follow; what ends the run is thrown instead.
 *
 * @param lost why it did not make all steps, one line, if it did not
 * @param leaving executors that will soon be gone
 */
record AttemptEnd(Optional<String> lost, Set<String> leaving) {
    /** Copies the set. */
    AttemptEnd {
        leaving = Set.copyOf(leaving);
    }

    private static AttemptEnd lost(String why) {
        return new AttemptEnd(Optional.of(why), Set.of());
    }

    /**
     * Of an attempt whose ranks all told their stories. A permanent fault goes before everything else, and a rank's own
     * before its echo on a peer.
     *
     * @param whyAsked why the driver asked the ranks to leave, if it did
     * @param refusal throws where the driver is to end
     * @throws StageFailure with a permanent fault's exit code
     */
    static AttemptEnd of(List<RankOutcome> outcomes, Optional<String> whyAsked, Runnable refusal) {
        Optional<Failed> first = outcomes.stream()
                .filter(Failed.class::isInstance)
                .map(Failed.class::cast)
                .min(Comparator.comparing((Failed failed) -> failed.exitCode() == ExitCode.RETRYABLE)
                        .thenComparing(failed -> failed.origin() == Origin.PEER));
        if (first.isPresent() && first.get().exitCode() != ExitCode.RETRYABLE) {
            throw new StageFailure(first.get().exitCode(), first.get().message());
        }
        refusal.run();
        if (first.isPresent()) {
            return lost(first.get().message());
        }
        List<Left> left = outcomes.stream()
                .filter(Left.class::isInstance)
                .map(Left.class::cast)
                .toList();
        if (left.isEmpty()) {
            return new AttemptEnd(Optional.empty(), Set.of());
        }
        Set<String> leaving =
                left.stream().filter(Left::leaving).map(Left::executor).collect(Collectors.toUnmodifiableSet());
        return new AttemptEnd(
                Optional.of("the state was saved and the ranks were planned again, since "
                        + whyAsked.orElse("executors " + leaving + " were told to end")),
                leaving);
    }

    /**
     * Of an attempt whose stage Spark gave up.
     *
     * @param refusal throws where the driver is to end
     * @throws StageFailure where someone cancelled it, or Spark itself cannot go on
     */
    static AttemptEnd of(Exception givenUp, Runnable refusal) {
        refusal.run();
        if (!(givenUp instanceof SparkException failure) || isCancelled(failure)) {
            throw stopped(givenUp);
        }
        return lost(LossReason.of(givenUp));
    }

    /** The run's end where Spark ended under it. */
    static StageFailure stopped(Exception e) {
        return new StageFailure(ExitCode.RETRYABLE, "training was stopped: " + LossReason.of(e), e);
    }

    private static boolean isCancelled(SparkException e) {
        return "SPARK_JOB_CANCELLED".equals(e.getCondition());
    }
}
