package io.sparklora.training.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.run.Storage;
import io.sparklora.training.Warnings;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Checkpoints on a storage whose calls fail. */
@Timeout(120)
public class CheckpointFaultsTest {
    private static final RunIdentity RUN = new RunIdentity("c0", "b0", "d0", 17);

    @TempDir
    private java.nio.file.Path temporary;

    @AfterEach
    void mend() {
        FaultingFileSystem.inject(FaultingFileSystem.Fault.NONE);
    }

    private static Checkpoints open(java.nio.file.Path directory) {
        return new Checkpoints(
                new Storage(FaultingFileSystem.configuration()), FaultingFileSystem.path(directory), RUN, 4);
    }

    /** From the call of this number on every call fails, as in a process that was killed there. */
    private static AtomicInteger killAt(int call) {
        AtomicInteger calls = new AtomicInteger();
        FaultingFileSystem.inject(() -> {
            if (calls.incrementAndGet() >= call) {
                throw new IOException("the process was killed at call " + call);
            }
        });
        return calls;
    }

    /** A minute goes by from one look to the next, so that no test waits for the pauses between tries. */
    private static LongSupplier hastyClock() {
        AtomicLong now = new AtomicLong();
        return () -> now.addAndGet(Duration.ofMinutes(1).toNanos());
    }

    @Test
    void usesThePreviousCheckpointWhereAWriterWasKilledAtAnyCall() {
        assertThat(killWriterAtEveryCall(temporary)).isGreaterThan(30);
    }

    /** Kills a writer at each of its file-system calls, and says how many those are; throws where a state was lost. */
    public static int killWriterAtEveryCall(java.nio.file.Path root) {
        TrainingState first = CheckpointsTest.state(5);
        TrainingState second = CheckpointsTest.state(10);
        for (int call = 1; ; call++) {
            java.nio.file.Path directory = root.resolve("killed-at-" + call);
            Checkpoints checkpoints = open(directory);
            checkpoints.save(first);
            AtomicInteger calls = killAt(call);
            boolean killed = false;
            try {
                checkpoints.save(second);
            } catch (StageFailure e) {
                killed = true;
            }
            FaultingFileSystem.inject(FaultingFileSystem.Fault.NONE);
            TrainingState left = open(directory).latest().orElseThrow();
            assertThat(left)
                    .as("after a kill at call " + call)
                    .usingRecursiveComparison()
                    .isEqualTo(left.step() == 5 ? first : second);
            if (!killed) {
                assertThat(left.step()).isEqualTo(10);
                return Math.min(call, calls.get()) - 1;
            }
            open(directory).save(second);
            assertThat(open(directory).latest().orElseThrow().step()).isEqualTo(10);
        }
    }

    @Test
    void losesNothingWhereTheStoreIsBusyForAWhile() {
        survivesABusyStore(temporary);
    }

    /** A store that answers two calls with 503. */
    public static void survivesABusyStore(java.nio.file.Path root) {
        AtomicInteger calls = new AtomicInteger();
        FaultingFileSystem.inject(() -> {
            int call = calls.incrementAndGet();
            if (call == 3 || call == 9) {
                throw new IOException("503 Slow Down");
            }
        });
        Checkpoints checkpoints = open(root.resolve("busy"));
        CheckpointSchedule schedule = new CheckpointSchedule(5, Duration.ZERO, Duration.ZERO);
        try (BackgroundCheckpoints background =
                new BackgroundCheckpoints(checkpoints::save, "faulty:/", schedule, hastyClock())) {
            background.finish(CheckpointsTest.state(10));
        }
        assertThat(open(root.resolve("busy")).latest().orElseThrow().step()).isEqualTo(10);
        assertThat(calls.get()).isGreaterThan(9);
    }

    @Test
    void keepsStepsGoingOnASlowStore() {
        longestStallOnASlowStore(temporary);
    }

    /**
     * A store that takes 20 ms a call, and a run of 100 steps with a checkpoint due after each: the longest stall, ms. Throws
     * where the steps waited for as long as a checkpoint took.
     */
    public static double longestStallOnASlowStore(java.nio.file.Path root) {
        FaultingFileSystem.inject(() -> {
            try {
                Thread.sleep(20);
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
        });
        Checkpoints checkpoints = open(root.resolve("slow"));
        List<Long> writes = new CopyOnWriteArrayList<>();
        Consumer<TrainingState> timed = state -> {
            long begin = System.nanoTime();
            checkpoints.save(state);
            writes.add(System.nanoTime() - begin);
        };
        CheckpointSchedule schedule = new CheckpointSchedule(1, Duration.ZERO, Duration.ZERO);
        long longestStall = 0;
        try (BackgroundCheckpoints background =
                new BackgroundCheckpoints(timed, "faulty:/", schedule, System::nanoTime)) {
            for (int step = 1; step < 100; step++) {
                TrainingState state = CheckpointsTest.state(step);
                long begin = System.nanoTime();
                background.betweenSteps(step, () -> state);
                longestStall = Math.max(longestStall, System.nanoTime() - begin);
            }
            background.finish(CheckpointsTest.state(100));
        }
        FaultingFileSystem.inject(FaultingFileSystem.Fault.NONE);
        assertThat(longestStall).isLessThan(Collections.min(writes));
        assertThat(open(root.resolve("slow")).latest().orElseThrow())
                .usingRecursiveComparison()
                .isEqualTo(CheckpointsTest.state(100));
        return longestStall / 1e6;
    }

    /** A store that takes a call and never answers: steps go on until the write is given up, and the end does not hang. */
    @Test
    void givesUpAStoreThatNeverAnswers() {
        CountDownLatch never = new CountDownLatch(1);
        AtomicInteger calls = new AtomicInteger();
        FaultingFileSystem.inject(() -> {
            if (calls.incrementAndGet() > 5) {
                try {
                    never.await();
                } catch (InterruptedException e) {
                    never.countDown();
                    throw new InterruptedIOException("given up");
                }
            }
        });
        Checkpoints checkpoints = open(temporary.resolve("hangs"));
        CheckpointSchedule schedule = new CheckpointSchedule(5, Duration.ZERO, Duration.ZERO);
        try (BackgroundCheckpoints background =
                        new BackgroundCheckpoints(checkpoints::save, "faulty:/hangs", schedule, hastyClock());
                Warnings warnings = new Warnings(BackgroundCheckpoints.class)) {
            background.betweenSteps(5, () -> CheckpointsTest.state(5));
            assertThatThrownBy(() -> background.finish(CheckpointsTest.state(8)))
                    .hasMessage("the checkpoint of step 5 was given up: faulty:/hangs has not taken it in 600 s")
                    .extracting(e -> ((StageFailure) e).exitCode())
                    .isEqualTo(ExitCode.RETRYABLE);
            assertThat(warnings.seen())
                    .singleElement()
                    .asString()
                    .startsWith("the checkpoint of step 5 has been on its way");
        }
    }

    @Test
    void saysThatTheDiskIsFullAndKeepsTheCheckpointBefore() {
        saysThatTheDiskIsFull(temporary);
    }

    /** A disk that takes no byte after the first checkpoint. */
    public static void saysThatTheDiskIsFull(java.nio.file.Path root) {
        Checkpoints checkpoints = open(root.resolve("full"));
        checkpoints.save(CheckpointsTest.state(5));
        AtomicInteger calls = new AtomicInteger();
        FaultingFileSystem.inject(() -> {
            if (calls.incrementAndGet() > 5) {
                throw new IOException("No space left on device");
            }
        });
        CheckpointSchedule schedule = new CheckpointSchedule(5, Duration.ZERO, Duration.ZERO);
        try (BackgroundCheckpoints background =
                new BackgroundCheckpoints(checkpoints::save, "faulty:/", schedule, hastyClock())) {
            assertThatThrownBy(() -> background.finish(CheckpointsTest.state(10)))
                    .hasMessageContaining("no checkpoint could be saved, 3 times in a row")
                    .hasMessageContaining("No space left on device")
                    .extracting(e -> ((StageFailure) e).exitCode())
                    .isEqualTo(ExitCode.RETRYABLE);
        }
        FaultingFileSystem.inject(FaultingFileSystem.Fault.NONE);
        assertThat(open(root.resolve("full")).latest().orElseThrow().step()).isEqualTo(5);
    }
}
