package io.sparklora.training.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.adapter.Arithmetic;
import io.sparklora.pipeline.adapter.ComputeType;
import io.sparklora.pipeline.adapter.DeviceType;
import io.sparklora.training.Warnings;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class BackgroundCheckpointsTest {
    /** Writes that may happen. */
    private final Semaphore allowed = new Semaphore(0);

    private final BlockingQueue<TrainingState> written = new ArrayBlockingQueue<>(100);
    private final AtomicLong clock = new AtomicLong(-5);
    private int failing;
    private ExitCode failure = ExitCode.RETRYABLE;
    private Optional<BackgroundCheckpoints> opened = Optional.empty();

    private BackgroundCheckpoints open(int steps, Duration interval) {
        BackgroundCheckpoints checkpoints = new BackgroundCheckpoints(
                this::write,
                "store:/run/checkpoints",
                new CheckpointSchedule(steps, interval, Duration.ZERO),
                clock::get);
        opened = Optional.of(checkpoints);
        return checkpoints;
    }

    private void write(TrainingState state) {
        allowed.acquireUninterruptibly();
        if (failing > 0) {
            failing--;
            throw new StageFailure(failure, "no space left on device");
        }
        written.add(state);
    }

    @AfterEach
    void close() {
        allowed.release(1000);
        opened.ifPresent(BackgroundCheckpoints::close);
    }

    private static TrainingState state(long step) {
        return new TrainingState(
                new Snapshot(step, 0, new float[] {step}, new float[] {step}, new float[] {step}),
                TrainingState.initial(new float[1]).current(),
                Optional.empty(),
                Collections.nCopies((int) step, new StepRecord(1, 1, 1, 1, 1, StepRecord.Update.APPLIED)),
                Optional.of(new Arithmetic(DeviceType.GPU, ComputeType.BF16)));
    }

    private TrainingState awaitWritten() throws InterruptedException {
        return Optional.ofNullable(written.poll(30, TimeUnit.SECONDS)).orElseThrow();
    }

    @Test
    void savesWhatTheStateWasThoughTheRunGoesOn() throws InterruptedException {
        TrainingState state = state(4);
        open(2, Duration.ZERO).betweenSteps(4, () -> state);
        state.parameters()[0] = 5;
        state.firstMoment()[0] = 5;
        state.secondMoment()[0] = 5;
        allowed.release();
        assertThat(awaitWritten()).usingRecursiveComparison().isEqualTo(state(4));
    }

    @Test
    void takesWhatFellDueMeanwhileAfterTheFirstStepThatFindsTheThreadFree() throws InterruptedException {
        BackgroundCheckpoints checkpoints = open(2, Duration.ZERO);
        for (long step = 1; step <= 7; step++) {
            long made = step;
            checkpoints.betweenSteps(step, () -> state(made));
        }
        assertThat(written).isEmpty();
        allowed.release(2);
        assertThat(awaitWritten().step()).isEqualTo(2);
        // Not due by itself; the thread may take a moment to be free.
        while (written.isEmpty()) {
            checkpoints.betweenSteps(9, () -> state(9));
        }
        assertThat(awaitWritten().step()).isEqualTo(9);
    }

    @Test
    void takesOneWhenTheIntervalIsOver() throws InterruptedException {
        BackgroundCheckpoints checkpoints = open(1000, Duration.ofMinutes(10));
        allowed.release(2);
        checkpoints.betweenSteps(1, () -> state(1));
        clock.addAndGet(Duration.ofMinutes(10).toNanos());
        checkpoints.betweenSteps(2, () -> state(2));
        checkpoints.betweenSteps(3, () -> state(3));
        checkpoints.finish(state(4));
        assertThat(List.copyOf(written)).extracting(TrainingState::step).containsExactly(2L, 4L);
    }

    @Test
    void triesAgainAfterAPause() throws InterruptedException {
        BackgroundCheckpoints checkpoints = open(100, Duration.ZERO);
        failing = 1;
        allowed.release(2);
        checkpoints.betweenSteps(100, () -> state(100));
        long second = Duration.ofSeconds(1).toNanos();
        for (int look = 0; written.isEmpty(); look++) {
            checkpoints.betweenSteps(101, () -> state(101));
            clock.addAndGet(second / 50);
            Thread.onSpinWait();
        }
        assertThat(awaitWritten().step()).isEqualTo(101);
        assertThat(clock.get()).isGreaterThanOrEqualTo(second - 5);
    }

    @Test
    void givesUpAfterTheThirdFailureInARow() {
        BackgroundCheckpoints checkpoints = open(1, Duration.ZERO);
        failing = 3;
        allowed.release(3);
        assertThatThrownBy(() -> {
                    while (true) {
                        checkpoints.betweenSteps(1, () -> state(1));
                        clock.addAndGet(Duration.ofSeconds(1).toNanos());
                        // A write takes a moment, and far less than the minutes after which it would be given up.
                        TimeUnit.MILLISECONDS.sleep(10);
                    }
                })
                .hasMessage("no checkpoint could be saved, 3 times in a row: no space left on device")
                .extracting(e -> ((StageFailure) e).exitCode())
                .isEqualTo(ExitCode.RETRYABLE);
    }

    @Test
    void throwsAtOnceWhatNoOtherTryCanMend() {
        BackgroundCheckpoints checkpoints = open(1, Duration.ZERO);
        failing = 1;
        failure = ExitCode.USAGE;
        allowed.release();
        assertThatThrownBy(() -> checkpoints.finish(state(1)))
                .extracting(e -> ((StageFailure) e).exitCode())
                .isEqualTo(ExitCode.USAGE);
    }

    @Test
    void writesTheLastStateBeforeItReturns() {
        BackgroundCheckpoints checkpoints = open(2, Duration.ZERO);
        checkpoints.betweenSteps(2, () -> state(2));
        failing = 1;
        allowed.release(3);
        clock.set(0);
        // The failure of step 2 is seen, and the clock stands still: the pause is a real second.
        checkpoints.finish(state(3));
        assertThat(List.copyOf(written)).extracting(TrainingState::step).containsExactly(3L);
    }

    @Test
    void warnsOnceOfAWriteThatTakesLongAndGivesUpOneThatHangs() {
        BackgroundCheckpoints checkpoints = open(2, Duration.ZERO);
        try (Warnings warnings = new Warnings(BackgroundCheckpoints.class)) {
            checkpoints.betweenSteps(2, () -> state(2));
            clock.addAndGet(Duration.ofSeconds(59).toNanos());
            checkpoints.betweenSteps(3, () -> state(3));
            assertThat(warnings.seen()).isEmpty();
            clock.addAndGet(Duration.ofSeconds(540).toNanos());
            checkpoints.betweenSteps(4, () -> state(4));
            checkpoints.betweenSteps(5, () -> state(5));
            assertThat(warnings.seen())
                    .containsExactly("the checkpoint of step 2 has been on its way to store:/run/checkpoints for 599 s;"
                            + " it is given up after 600 s");
            clock.addAndGet(Duration.ofSeconds(1).toNanos());
            assertThatThrownBy(() -> checkpoints.betweenSteps(6, () -> state(6)))
                    .hasMessage(
                            "the checkpoint of step 2 was given up: store:/run/checkpoints has not taken it in 600 s")
                    .extracting(e -> ((StageFailure) e).exitCode())
                    .isEqualTo(ExitCode.RETRYABLE);
        }
    }
}
