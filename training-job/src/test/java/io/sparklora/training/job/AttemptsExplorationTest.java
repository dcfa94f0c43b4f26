package io.sparklora.training.job;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.training.job.RankOutcome.Failed;
import io.sparklora.training.job.RankOutcome.Finished;
import io.sparklora.training.job.RankOutcome.Left;
import io.sparklora.training.job.RankOutcome.Origin;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.SparkException;
import org.junit.jupiter.api.Test;
import scala.jdk.javaapi.CollectionConverters;

/**
 * Goes through every order of what can happen to a run of two ranks and three steps: ranks finish, leave and fail, of
 * themselves or by their peer, for now or for good; Spark gives the stage up; a checkpoint gets further, or the newest
 * cannot be read; the driver is told to end. {@link Attempts} and {@link AttemptEnd} are those of {@link BarrierTraining};
 * only what happens to them is this test's.
 */
class AttemptsExplorationTest {
    private static final int STEPS = 3;
    /** Checkpoints that cannot be read in a run; where there is no end of them, there is none of attempts either. */
    private static final int DAMAGES = 1;

    private static final String TOLD_TO_END = "the driver was told to end";

    /**
     * A run before an attempt.
     *
     * @param saved step of the newest checkpoint
     * @param damages checkpoints that may still be lost
     * @param fruitless attempts in a row that left no newer checkpoint than they found, as this test counts them
     */
    private record Run(Attempts attempts, int saved, int damages, int fruitless) {
        static final Run BEGIN = new Run(Attempts.NONE, 0, DAMAGES, 0);
    }

    /**
     * What happens in an attempt.
     *
     * @param outcomes of the ranks; none where Spark gave the stage up
     * @param givenUp what Spark threw then
     * @param saved step of the newest checkpoint after it
     * @param toldToEnd whether the driver is to end
     */
    private record Happening(List<RankOutcome> outcomes, Optional<Exception> givenUp, int saved, boolean toldToEnd) {
        void refuse() {
            if (toldToEnd) {
                throw new StageFailure(ExitCode.RETRYABLE, TOLD_TO_END);
            }
        }

        boolean all(Class<? extends RankOutcome> outcome) {
            return !outcomes.isEmpty() && outcomes.stream().allMatch(outcome::isInstance);
        }

        AttemptEnd end() {
            return givenUp.map(e -> AttemptEnd.of(e, this::refuse))
                    .orElseGet(() -> AttemptEnd.of(outcomes, Optional.empty(), this::refuse));
        }
    }

    private static List<RankOutcome> outcomes(int rank) {
        List<RankOutcome> outcomes = new ArrayList<>(List.of(
                new Finished(rank),
                new Left(rank, "executor-" + rank, false),
                new Left(rank, "executor-" + rank, true)));
        for (Origin origin : Origin.values()) {
            for (ExitCode code : List.of(ExitCode.RETRYABLE, ExitCode.MISMATCH, ExitCode.DIVERGED)) {
                outcomes.add(new Failed(rank, origin, code, "rank " + rank + ": " + code));
            }
        }
        return outcomes;
    }

    private static final Exception LOST = new SparkException("ExecutorLostFailure");
    private static final Exception CANCELLED = new SparkException(
            "SPARK_JOB_CANCELLED",
            scala.collection.immutable.Map$.MODULE$.from(
                    CollectionConverters.asScala(Map.of("jobId", "1", "reason", "asked"))),
            null);
    private static final Exception NOT_OF_SPARK = new IllegalStateException("the context was shut down");

    /** All that can happen after a run has come so far. */
    private static List<Happening> happenings(Run run) {
        List<Happening> happenings = new ArrayList<>();
        for (int saved = run.damages() > 0 ? 0 : run.saved(); saved <= STEPS; saved++) {
            for (boolean toldToEnd : new boolean[] {false, true}) {
                for (Exception givenUp : List.of(LOST, CANCELLED, NOT_OF_SPARK)) {
                    happenings.add(new Happening(List.of(), Optional.of(givenUp), saved, toldToEnd));
                }
                for (RankOutcome first : outcomes(0)) {
                    for (RankOutcome second : outcomes(1)) {
                        happenings.add(new Happening(List.of(first, second), Optional.empty(), saved, toldToEnd));
                    }
                }
            }
        }
        happenings.removeIf(happening -> run.damages() == 0 && isDamaged(run, happening));
        return happenings;
    }

    /** Whether a checkpoint that was there, or must have been written, is not. */
    private static boolean isDamaged(Run run, Happening happening) {
        int least = run.saved();
        if (happening.all(Finished.class)) {
            least = STEPS;
        } else if (happening.all(Left.class)) {
            least = run.saved() + 1;
        }
        return happening.saved() < least;
    }

    /** The run before the next attempt; empty where this was the last, which is checked to be right. */
    private static Optional<Run> next(Run run, Happening happening) {
        int fruitless = happening.saved() > run.saved() ? 0 : run.fruitless() + 1;
        try {
            AttemptEnd end = happening.end();
            assertThat(end.lost().isEmpty()).isEqualTo(happening.all(Finished.class));
            if (end.lost().isEmpty()) {
                return Optional.empty();
            }
            Attempts attempts = run.attempts().started(run.saved()).ended(end, happening::saved);
            assertThat(mustEnd(happening)).as("%s after %s", happening, run).isFalse();
            assertThat(fruitless).as("%s after %s", happening, run).isLessThan(4);
            assertThat(attempts.leaving()).isEqualTo(leaving(happening));
            int damages = isDamaged(run, happening) ? run.damages() - 1 : run.damages();
            return Optional.of(new Run(attempts, happening.saved(), damages, fruitless));
        } catch (StageFailure e) {
            checkEnd(run, happening, fruitless, e);
            return Optional.empty();
        }
    }

    private static Set<ExitCode> permanent(Happening happening, Origin... origins) {
        return happening.outcomes().stream()
                .filter(Failed.class::isInstance)
                .map(Failed.class::cast)
                .filter(failed -> List.of(origins).contains(failed.origin()))
                .map(Failed::exitCode)
                .filter(code -> code != ExitCode.RETRYABLE)
                .collect(Collectors.toSet());
    }

    private static boolean mustEnd(Happening happening) {
        return !permanent(happening, Origin.values()).isEmpty()
                || happening.toldToEnd()
                || happening.givenUp().filter(e -> e != LOST).isPresent();
    }

    private static Set<String> leaving(Happening happening) {
        boolean failed = happening.outcomes().stream().anyMatch(Failed.class::isInstance);
        return failed
                ? Set.of()
                : happening.outcomes().stream()
                        .flatMap(outcome -> outcome instanceof Left left && left.leaving()
                                ? Stream.of(left.executor())
                                : Stream.empty())
                        .collect(Collectors.toSet());
    }

    private static void checkEnd(Run run, Happening happening, int fruitless, StageFailure e) {
        Set<ExitCode> all = permanent(happening, Origin.values());
        if (!all.isEmpty()) {
            Set<ExitCode> own = permanent(happening, Origin.OWN);
            assertThat(e.exitCode()).as("%s after %s", happening, run).isIn(own.isEmpty() ? all : own);
            return;
        }
        assertThat(e.exitCode()).as("%s after %s", happening, run).isEqualTo(ExitCode.RETRYABLE);
        if (happening.toldToEnd()) {
            assertThat(e).hasMessage(TOLD_TO_END);
        } else if (mustEnd(happening)) {
            assertThat(e).hasMessageStartingWith("training was stopped: ");
        } else {
            assertThat(fruitless).as("%s after %s", happening, run).isEqualTo(4);
            assertThat(e).hasMessageStartingWith("4 attempts in a row got no further than step " + run.saved());
        }
    }

    /** What was found of the runs that can follow. */
    private static final class Exploration {
        private final Map<Run, Integer> longest = new HashMap<>();
        private final Set<Run> open = new HashSet<>();
        private long happenings;

        /** Attempts until the end, at most. */
        int attempts(Run run) {
            if (run.saved() == STEPS) {
                return 0;
            }
            Integer known = longest.get(run);
            if (known != null) {
                return known;
            }
            assertThat(open.add(run)).as("%s may come again and again", run).isTrue();
            int most = 0;
            for (Happening happening : happenings(run)) {
                happenings++;
                most = Math.max(
                        most, 1 + next(run, happening).map(this::attempts).orElse(0));
            }
            open.remove(run);
            longest.put(run, most);
            return most;
        }
    }

    @Test
    void everyRunEndsAndNoneBeforeFourAttemptsGotNoFurther() {
        Exploration exploration = new Exploration();
        // Four for each step, and for those of them that a damaged checkpoint takes back.
        assertThat(exploration.attempts(Run.BEGIN)).isBetween(4 * STEPS, 4 * 2 * STEPS);
        assertThat(exploration.longest).hasSizeGreaterThan(30);
        assertThat(exploration.happenings).isGreaterThan(10_000);
    }
}
