package io.sparklora.training.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.adapter.Arithmetic;
import io.sparklora.pipeline.run.Storage;
import io.sparklora.training.checkpoint.StepRecord;
import io.sparklora.training.checkpoint.TrainingState;
import io.sparklora.training.collective.PortRange;
import io.sparklora.training.model.LossProgram;
import io.sparklora.training.model.TaskGpu;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A real cluster of three executor processes, shared by all tests; killed executors are replaced by Spark. */
class BarrierTrainingTest {
    private static final int STEPS = 200;

    @TempDir
    private static java.nio.file.Path temporary;

    private static JavaSparkContext spark;
    private static LittleRun little;
    private static TrainingState reference;

    @BeforeAll
    static void start() throws IOException {
        SparkConf conf = LocalCluster.conf("BarrierTrainingTest", 3)
                .set("spark.authenticate", "true")
                .set("spark.authenticate.secret", "of the test")
                // The ring takes it from Spark, and has TLS.
                .set("spark.network.crypto.enabled", "true")
                // So that the rank that is slow to open its model is later than that.
                .set("spark.barrier.sync.timeout", "12s")
                // So that a stopped executor is found sooner than after the 25 s of every day.
                .set("spark.executor.heartbeatInterval", "1s")
                .set("spark.storage.blockManagerHeartbeatTimeoutMs", "5s")
                .set("spark.network.timeoutInterval", "1s");
        spark = new JavaSparkContext(TrainingSparkSettings.apply(conf));
        little = new LittleRun(temporary);
        reference = train(little.spec("reference", STEPS, 20), 1, new Watcher());
    }

    @AfterAll
    static void stop() {
        spark.stop();
    }

    private static TrainingState train(TrainingSpec spec, int executors, Watcher watcher) {
        return new BarrierTraining(spark, spec, LittleRun.FACTORY, executors, watcher).run();
    }

    /** Keeps what happened, and acts once at the first step at or after a given one. */
    private static final class Watcher implements TrainingListener {
        private final List<Integer> worlds = Collections.synchronizedList(new ArrayList<>());
        private final List<Long> starts = Collections.synchronizedList(new ArrayList<>());
        private final List<StepRecord> steps = Collections.synchronizedList(new ArrayList<>());
        private final List<String> losses = Collections.synchronizedList(new ArrayList<>());
        private final AtomicBoolean acted = new AtomicBoolean();
        private final long at;
        private final Runnable action;

        Watcher() {
            this(Long.MAX_VALUE, () -> {});
        }

        Watcher(long at, Runnable action) {
            this.at = at;
            this.action = action;
        }

        @Override
        public void attemptStarted(int executors, TrainingState from) {
            worlds.add(executors);
            starts.add(from.step());
        }

        @Override
        public void stepMade(TimedStep made) {
            steps.add(made.step());
            if (made.step().step() >= at && acted.compareAndSet(false, true)) {
                action.run();
            }
        }

        @Override
        public void attemptLost(String why) {
            losses.add(why);
        }
    }

    private static void assertSameBytes(TrainingState actual, TrainingState expected) {
        assertThat(actual.parameters()).isEqualTo(expected.parameters());
        assertThat(actual.firstMoment()).isEqualTo(expected.firstMoment());
        assertThat(actual.secondMoment()).isEqualTo(expected.secondMoment());
        assertThat(actual.history()).isEqualTo(expected.history());
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3})
    void endsWithTheSameBytesOnAnyNumberOfExecutors(int executors) {
        Watcher watcher = new Watcher();
        TrainingState state = train(little.spec("world-" + executors, STEPS, 20), executors, watcher);
        assertThat(watcher.worlds).containsExactly(executors);
        assertThat(watcher.steps).extracting(StepRecord::step).contains(1L, 200L);
        assertSameBytes(state, reference);
    }

    /** As where a cluster has less room than was asked for, and a firewall lets few ports through. */
    @Test
    void makesDoWithTheExecutorsThatCameAndThePortsThatAreFree() throws IOException {
        try (ServerSocket busy = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            PortRange ports = new PortRange(busy.getLocalPort(), 40);
            TrainingSpec any = little.spec("few", STEPS, 20);
            TrainingSpec spec = new TrainingSpec(
                    any.identity(),
                    any.dataset(),
                    any.checkpoints(),
                    any.schedule(),
                    any.batches(),
                    any.learningRate(),
                    any.clip(),
                    any.weightDecay(),
                    any.validation(),
                    any.groups(),
                    any.ring().listeningOn(ports));
            DriverSettings more = new DriverSettings(4, Duration.ofSeconds(4), Duration.ofSeconds(2), ports);
            Watcher watcher = new Watcher();
            TrainingState state = new BarrierTraining(spark, spec, LittleRun.FACTORY, more, watcher).run();
            assertThat(watcher.worlds.get(0)).isBetween(1, 3);
            assertSameBytes(state, reference);
        }
    }

    /** SIGTERM is what cluster managers send; SIGPWR is Spark's own notice, which its images and workers send. */
    @ParameterizedTest
    @ValueSource(strings = {"TERM", "PWR"})
    void savesAndPlansAgainBeforeAnExecutorLeaves(String signal) {
        ProcessHandle leaving = LocalCluster.executors().get(0);
        Watcher watcher = new Watcher(30, () -> LocalCluster.signal(signal, leaving));
        TrainingSpec spec = little.spec("leaving-" + signal, STEPS, STEPS);
        TrainingState state = new BarrierTraining(spark, spec, new SlowFactory(15), 3, watcher).run();
        assertThat(watcher.losses).first(InstanceOfAssertFactories.STRING).startsWith("the state was saved");
        assertThat(watcher.starts.get(1)).isGreaterThanOrEqualTo(30);
        assertSameBytes(state, reference);
        leaving.onExit().join();
    }

    @Test
    void savesTheStateBeforeItsDriverLeaves() {
        AtomicReference<BarrierTraining> training = new AtomicReference<>();
        Watcher watcher = new Watcher(30, () -> training.get().leave());
        TrainingSpec spec = little.spec("left", STEPS, STEPS);
        training.set(new BarrierTraining(spark, spec, LittleRun.FACTORY, 3, watcher));
        assertThatThrownBy(() -> training.get().run())
                .hasMessage("training was stopped; the same command goes on from the last checkpoint");
        assertThat(little.checkpoints(spec).latest().orElseThrow().step()).isGreaterThanOrEqualTo(30);
        assertSameBytes(train(spec, 2, new Watcher()), reference);
    }

    /** One is written while the next steps are made. */
    private static void awaitCheckpoint(String name) {
        while (little.wholeCheckpoints(name).isEmpty()) {
            Thread.onSpinWait();
        }
    }

    @Test
    void endsWithTheSameBytesAfterAnExecutorWasKilled() {
        Watcher watcher = new Watcher(30, () -> {
            awaitCheckpoint("killed");
            LocalCluster.executors().get(0).destroyForcibly();
        });
        TrainingState state = train(little.spec("killed", STEPS, 20), 3, watcher);
        assertThat(watcher.losses)
                .first(InstanceOfAssertFactories.STRING)
                .contains("code 137; so ends a process whose host or container has no memory left");
        assertThat(watcher.starts).first().isEqualTo(0L);
        assertThat(watcher.starts.get(1)).isGreaterThanOrEqualTo(20);
        assertSameBytes(state, reference);
    }

    @Test
    void endsWithTheSameBytesAfterAnExecutorWasStopped() {
        ProcessHandle stopped = LocalCluster.executors().get(1);
        Watcher watcher = new Watcher(30, () -> {
            awaitCheckpoint("stopped");
            LocalCluster.signal("STOP", stopped);
        });
        TrainingState state = train(little.spec("stopped", STEPS, 20), 3, watcher);
        assertThat(watcher.losses)
                .first(InstanceOfAssertFactories.STRING)
                .contains("was lost: Executor heartbeat timed out");
        assertThat(watcher.starts.get(1)).isGreaterThanOrEqualTo(20);
        assertSameBytes(state, reference);
        stopped.onExit().join();
    }

    @Test
    void goesOnInANewDriverWithFewerExecutorsPastADamagedCheckpoint() throws IOException {
        TrainingSpec spec = little.spec("restarted", STEPS, 20);
        Watcher stopped = new Watcher(70, () -> {
            while (little.wholeCheckpoints("restarted").size() < 2) {
                Thread.onSpinWait();
            }
            spark.sc().cancelAllJobs();
        });
        assertThatThrownBy(() -> train(spec, 3, stopped)).hasMessageContaining("training was stopped");
        awaitIdleExecutors();
        // One that was being written when the run was cancelled is none.
        List<java.nio.file.Path> saved = little.wholeCheckpoints("restarted");
        assertThat(saved).hasSizeGreaterThanOrEqualTo(2);
        java.nio.file.Path newest = saved.get(saved.size() - 1);
        java.nio.file.Path before = saved.get(saved.size() - 2);
        Files.write(newest.resolve("adapter.safetensors"), new byte[3], StandardOpenOption.TRUNCATE_EXISTING);
        Watcher watcher = new Watcher();
        TrainingState state = train(spec, 2, watcher);
        assertThat(before.getFileName()).hasToString("step-%012d".formatted(watcher.starts.get(0)));
        assertSameBytes(state, reference);
    }

    private static void awaitIdleExecutors() {
        while (Arrays.stream(spark.statusTracker().getExecutorInfos())
                .anyMatch(executor -> executor.numRunningTasks() > 0)) {
            Thread.onSpinWait();
        }
    }

    @Test
    void doesNothingWhereAllStepsAreMade() {
        Watcher watcher = new Watcher();
        assertSameBytes(train(little.spec("reference", STEPS, 20), 3, watcher), reference);
        assertThat(watcher.worlds).isEmpty();
    }

    /** The little model, on a cold host: who opens it first takes longer than Spark's barrier waits. */
    private record ColdHostFactory(String marker) implements ProgramFactory {
        private static final long serialVersionUID = 1L;

        @Override
        public LossProgram open(Optional<Arithmetic> settled, TaskGpu gpu) {
            try {
                Files.createFile(java.nio.file.Path.of(marker));
                LockSupport.parkNanos(Duration.ofSeconds(15).toNanos());
            } catch (FileAlreadyExistsException e) {
                return LittleRun.FACTORY.open(settled, gpu);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            return LittleRun.FACTORY.open(settled, gpu);
        }

        @Override
        public float[] initialParameters(Storage storage) {
            return LittleRun.FACTORY.initialParameters(storage);
        }
    }

    @Test
    void waitsForARankThatOpensItsModelLongAfterTheOthers() {
        Watcher watcher = new Watcher();
        ColdHostFactory factory = new ColdHostFactory(temporary.resolve("cold").toString());
        TrainingSpec spec = little.spec("cold-host", STEPS, 20);
        TrainingState state = new BarrierTraining(spark, spec, factory, 3, watcher).run();
        assertThat(watcher.losses).isEmpty();
        assertSameBytes(state, reference);
    }

    /** A model that no heap is large enough for. */
    private record HugeFactory() implements ProgramFactory {
        private static final long serialVersionUID = 1L;

        @Override
        public LossProgram open(Optional<Arithmetic> settled, TaskGpu gpu) {
            throw new OutOfMemoryError("Java heap space");
        }

        @Override
        public float[] initialParameters(Storage storage) {
            return LittleRun.FACTORY.initialParameters(storage);
        }
    }

    @Test
    void givesUpAsRetryableAfterFourAttemptsWithoutAStep() {
        Watcher watcher = new Watcher();
        TrainingSpec spec = little.spec("huge", STEPS, 20);
        assertThatThrownBy(() -> new BarrierTraining(spark, spec, new HugeFactory(), 2, watcher).run())
                .hasMessageStartingWith("4 attempts in a row got no further than step 0; the last one: rank ")
                .hasMessageEndingWith("ran out of memory in the JVM: Java heap space; raise spark.executor.memory")
                .extracting(e -> ((StageFailure) e).exitCode())
                .isEqualTo(ExitCode.RETRYABLE);
        assertThat(watcher.worlds).hasSize(4);
    }

    @Test
    void endsAtOnceWithTheExitCodeOfARanksOwnFault() throws IOException {
        LittleRun damaged = new LittleRun(temporary.resolve("damaged"));
        java.nio.file.Path file = temporary.resolve("damaged/dataset/train/part-98.zstd.parquet");
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length / 2] ^= 1;
        Files.write(file, bytes);
        Watcher watcher = new Watcher();
        assertThatThrownBy(() -> train(damaged.spec("none", STEPS, 20), 3, watcher))
                .hasMessageContaining("part-98.zstd.parquet is not the file that was prepared")
                .extracting(e -> ((StageFailure) e).exitCode())
                .isEqualTo(ExitCode.MISMATCH);
        assertThat(watcher.worlds).hasSize(1);
    }
}
