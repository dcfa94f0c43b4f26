package io.sparklora.training.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.training.checkpoint.CheckpointFaultsTest;
import io.sparklora.training.checkpoint.FaultingFileSystem;
import io.sparklora.training.checkpoint.StepRecord.Update;
import io.sparklora.training.checkpoint.TrainingState;
import io.sparklora.training.collective.Ranks;
import io.sparklora.training.job.FaultTable.Figure;
import io.sparklora.training.job.Kill.Target;
import io.sparklora.training.model.BaseWeightCacheTest;
import io.sparklora.training.model.LossProgram;
import io.sparklora.training.model.MicroBatch;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/**
 * The fault table: each fault as often as its row says, on a cluster of four executor processes where it needs one, and
 * what must hold after it. Not part of a test run: bin/faults runs it and prints the table.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class FaultSuite {
    private static final int STEPS = 120;
    private static final int EXECUTORS = 4;
    private static final List<String> REAL_RUN = List.of("train.tokens=12800", "train.checkpoint.steps=20");
    /** Small, so that a checkpoint is being written most of the time. */
    private static final int CHECKPOINT_STEPS = 5;

    /** Beside the steps since the last checkpoint, which are made again. */
    private static final double SECONDS_TO_RECOVER = 10;

    @TempDir
    private static Path root;

    private static JavaSparkContext spark;
    private static LittleRun little;
    private static TrainingState reference;
    private static int runs;
    private static String takenPort;

    @BeforeAll
    static void start() throws IOException {
        // A port in use: Spark's own are tried further, the rings' and the progress's are whatever is free.
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            takenPort = String.valueOf(taken.getLocalPort());
            spark = new JavaSparkContext(TrainingSparkSettings.apply(LocalCluster.conf("FaultSuite", EXECUTORS)
                    .set("spark.driver.port", takenPort)
                    .set("spark.blockManager.port", takenPort)));
        }
        little = new LittleRun(root);
        reference = train(name(), EXECUTORS, new Moment(Long.MAX_VALUE, () -> {}));
    }

    @AfterAll
    static void stop() {
        spark.stop();
    }

    private static String name() {
        return "run-" + runs++;
    }

    private static TrainingState train(String name, int executors, Moment moment) {
        return train(name, executors, moment, LittleRun.FACTORY);
    }

    private static TrainingState train(String name, int executors, Moment moment, ProgramFactory factory) {
        return new BarrierTraining(spark, little.spec(name, STEPS, CHECKPOINT_STEPS), factory, executors, moment).run();
    }

    private static void assertUnharmed(TrainingState state) {
        assertThat(LittleRun.sha256(state)).isEqualTo(LittleRun.sha256(reference));
    }

    /** Acts once, at a step, and times what follows. */
    private static final class Moment implements TrainingListener {
        private final long step;
        private final Runnable action;
        private final AtomicLong acted = new AtomicLong();
        private final List<Integer> worlds = new CopyOnWriteArrayList<>();
        private volatile long lost;
        private volatile long stepAgain;
        private volatile long lastStep;

        Moment(long step, Runnable action) {
            this.step = step;
            this.action = action;
        }

        @Override
        public void attemptStarted(int executors, TrainingState from) {
            worlds.add(executors);
        }

        @Override
        public void stepMade(TimedStep made) {
            lastStep = made.step().step();
            if (lost != 0 && stepAgain == 0) {
                stepAgain = System.nanoTime();
            }
            if (lastStep >= step && acted.get() == 0) {
                acted.set(System.nanoTime());
                action.run();
            }
        }

        @Override
        public void attemptLost(String why) {
            lost = lost == 0 ? System.nanoTime() : lost;
        }

        double secondsToNotice() {
            return (lost - acted.get()) / 1e9;
        }

        double secondsToRecover() {
            return (stepAgain - acted.get()) / 1e9;
        }
    }

    private static void sleepMillis(int millis) {
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(millis));
    }

    /** A step, with enough left to make after it. */
    private static long anyStep(Random random) {
        return 1 + random.nextInt(STEPS * 2 / 3);
    }

    private static ProcessHandle anyExecutor(Random random) {
        List<ProcessHandle> executors = LocalCluster.executors();
        return executors.get(random.nextInt(executors.size()));
    }

    /** At any moment, or aimed at one of the things that a rank does, in turn. */
    @Test
    @Order(1)
    void killedExecutors() {
        WatchedFactory watched = new WatchedFactory(root.resolve("watched").toString());
        AtomicInteger run = new AtomicInteger();
        FaultTable.row("kill -9 of an executor, reducing or saving: the same bytes", 30, random -> {
            Target target = Target.values()[run.getAndIncrement() % Target.values().length];
            String name = name();
            AtomicReference<Kill> kill = new AtomicReference<>();
            Moment moment =
                    new Moment(anyStep(random), () -> kill.set(Kill.make(target, little, name, watched, random)));
            assertUnharmed(train(name, EXECUTORS, moment, watched));
            assertThat(moment.lost).as("the attempt was lost").isNotZero();
            assertThat(moment.secondsToRecover()).isBetween(0.0, SECONDS_TO_RECOVER);
            List<Figure> figures = new ArrayList<>();
            figures.add(new Figure("steps again after", moment.secondsToRecover(), "s"));
            kill.get().hit().forEach(hit -> figures.add(Figure.happened("while " + hit)));
            return figures;
        });
    }

    @Test
    @Order(11)
    void lateExecutors() {
        FaultTable.row("an executor comes late: taken in, the same bytes", 1, random -> {
            int steps = 8000;
            TrainingState expected = new BarrierTraining(
                            spark, little.spec(name(), steps, steps), LittleRun.FACTORY, 4, new Moment(steps, () -> {}))
                    .run();
            spark.parallelize(List.of(1), 1).foreachAsync(one -> Thread.sleep(25_000));
            while (Arrays.stream(spark.statusTracker().getExecutorInfos())
                    .noneMatch(executor -> executor.numRunningTasks() > 0)) {
                Thread.onSpinWait();
            }
            Moment moment = new Moment(steps, () -> {});
            TrainingState state =
                    new BarrierTraining(spark, little.spec(name(), steps, steps), LittleRun.FACTORY, 4, moment).run();
            assertThat(moment.worlds).containsExactly(3, 4);
            assertThat(LittleRun.sha256(state)).isEqualTo(LittleRun.sha256(expected));
            return List.of();
        });
    }

    @Test
    @Order(4)
    void stoppedExecutors() {
        FaultTable.row("SIGSTOP of a rank: found in 30 s, the same bytes", 5, random -> {
            Moment moment = new Moment(anyStep(random), () -> LocalCluster.signal("STOP", anyExecutor(random)));
            assertUnharmed(train(name(), EXECUTORS, moment));
            assertThat(moment.secondsToNotice()).isBetween(0.0, 30.0);
            return List.of(new Figure("found after", moment.secondsToNotice(), "s"));
        });
    }

    @Test
    @Order(3)
    void changingWorlds() {
        FaultTable.row("world 4 -> 2 -> 3, each of a new driver: the same bytes", 5, random -> {
            Path directory = Files.createDirectory(root.resolve(name()));
            killAfter(directory, 4, 1 + random.nextInt(STEPS / 3));
            killAfter(directory, 2, STEPS / 2 + random.nextInt(STEPS / 4));
            assertThat(LittleDriver.start(directory)).as("where two went on").isPositive();
            assertThat(slowDriver(directory, 3).waitFor())
                    .as(Files.readString(directory.resolve("driver.log")))
                    .isZero();
            assertThat(LittleDriver.start(directory)).as("where three went on").isGreaterThanOrEqualTo(STEPS / 2 - 10);
            assertThat(LittleDriver.result(directory)).isEqualTo(LittleRun.sha256(reference));
            return List.of();
        });
    }

    private static void killAfter(Path directory, int executors, long step) throws Exception {
        Process driver = slowDriver(directory, executors);
        LittleDriver.awaitStep(directory, driver, step);
        kill(driver);
        assertThat(LittleDriver.isOver(directory)).isFalse();
    }

    /** One that is killed well before its last step. */
    private static Process slowDriver(Path directory, int executors) throws IOException {
        return LittleDriver.start(
                directory, executors, STEPS, CHECKPOINT_STEPS, List.of("-D" + LittleDriver.PAUSE + "=10"));
    }

    /** Returns when its executors have ended, too. */
    private static void kill(Process driver) throws Exception {
        List<ProcessHandle> executors = driver.descendants().toList();
        driver.destroyForcibly().waitFor();
        for (ProcessHandle executor : executors) {
            executor.onExit().get(2, TimeUnit.MINUTES);
        }
    }

    /** The model that users train, in TorchScript; beside it the little one above is a toy. */
    @Test
    @Order(16)
    void killedExecutorsOfTheRealProgram() throws Exception {
        TinyDriver unfailed = TinyDriver.prepared(root.resolve(name()), REAL_RUN);
        assertThat(TinyDriver.finish(unfailed.start(1))).as(unfailed.log()).isZero();
        Map<String, String> expected = unfailed.adapterHashes();
        assertThat(expected).containsKeys("adapter_model.safetensors", "adapter_config.json");
        FaultTable.row("kill -9 of an executor of the real program: the same files", 3, random -> {
            TinyDriver killed = TinyDriver.prepared(root.resolve(name()), REAL_RUN);
            Process driver = killed.start(2);
            killed.awaitCheckpoints(driver, 1 + random.nextInt(2));
            sleepMillis(random.nextInt(300));
            List<ProcessHandle> executors = driver.children().toList();
            executors.get(random.nextInt(executors.size())).destroyForcibly();
            assertThat(TinyDriver.finish(driver)).as(killed.log()).isZero();
            assertThat(killed.log())
                    .contains("train  lost an attempt: executor ")
                    .contains("goes on from step");
            assertThat(killed.adapterHashes()).isEqualTo(expected);
            return List.of();
        });
    }

    @Test
    @Order(2)
    void killedDrivers() {
        FaultTable.row("kill -9 of the driver, then again: the same bytes", 10, random -> {
            killOnce(Files.createDirectory(root.resolve(name())), random, List.of(), List.of());
            return List.of();
        });
    }

    /** Kills a driver at any step, and lets another end the run; each with options for its JVM. */
    private static void killOnce(Path directory, Random random, List<String> first, List<String> second)
            throws Exception {
        Process driver = driver(directory, first);
        LittleDriver.awaitStep(directory, driver, anyStep(random));
        sleepMillis(random.nextInt(300));
        kill(driver);
        assertThat(driver(directory, second).waitFor())
                .as(Files.readString(directory.resolve("driver.log")))
                .isZero();
        assertThat(LittleDriver.result(directory)).isEqualTo(LittleRun.sha256(reference));
    }

    private static Process driver(Path directory, List<String> options) throws IOException {
        return LittleDriver.start(directory, 2, STEPS, CHECKPOINT_STEPS, options);
    }

    @Test
    @Order(12)
    void changingHosts() {
        FaultTable.row("hosts get other names and addresses: the same bytes", 5, random -> {
            Path directory = Files.createDirectory(root.resolve(name()));
            killOnce(
                    directory,
                    random,
                    OtherHosts.named(directory.resolve("before"), "before.test", 1 + random.nextInt(100)),
                    OtherHosts.named(directory.resolve("after"), "after.test", 101 + random.nextInt(100)));
            assertThat(Files.readString(directory.resolve("driver.log")))
                    .contains("executor-0.before.test", "executor-0.after.test");
            return List.of();
        });
    }

    @Test
    @Order(13)
    void skewedClocks() {
        String library = System.getProperty("faults.faketime", "");
        Assumptions.assumeFalse(library.isEmpty(), "libfaketime is not there");
        FaultTable.row("executors' clocks are days apart, and change: the same bytes", 5, random -> {
            Path directory = Files.createDirectory(root.resolve(name()));
            Path before = directory.resolve("before");
            Path after = directory.resolve("after");
            String ahead = "+" + (1 + random.nextInt(100)) + "h";
            String behind = "-" + (1 + random.nextInt(400)) + "d";
            killOnce(
                    directory,
                    random,
                    encrypted(OtherHosts.withClocks(before, Path.of(library), ahead, behind)),
                    encrypted(OtherHosts.withClocks(after, Path.of(library), behind, ahead)));
            assertThat(hoursApart(before)).isGreaterThan(24);
            assertThat(hoursApart(after)).isGreaterThan(24);
            return List.of(new Figure("hours apart", hoursApart(before), "h"));
        });
    }

    /** Rings have TLS by certificates of the executors' own then. */
    private static List<String> encrypted(List<String> options) {
        return Stream.concat(
                        options.stream(),
                        Stream.of(
                                "-Dspark.authenticate=true",
                                "-Dspark.authenticate.secret=of the test",
                                "-Dspark.network.crypto.enabled=true"))
                .toList();
    }

    private static double hoursApart(Path directory) throws IOException {
        List<OffsetDateTime> clocks = OtherHosts.clocks(directory);
        return Duration.between(Collections.min(clocks), Collections.max(clocks))
                .toHours();
    }

    @Test
    @Order(14)
    void flippedBitsOnTheWire() {
        FaultTable.row("flipped bit on the wire: named, never summed, the same bytes", 20, random -> {
            TrainingSpec spec = little.spec(name(), STEPS, CHECKPOINT_STEPS);
            Figure figure = new DamagedTraining(little, spec).recover(random);
            assertUnharmed(little.checkpoints(spec).latest().orElseThrow());
            return List.of(figure);
        });
    }

    @Test
    @Order(15)
    void flippedBitsInBaseCaches() {
        FaultTable.row("flipped bit in the base cache: built anew, never trained on", 20, random -> {
            BaseWeightCacheTest.buildsAnewAfterAFlip(Files.createDirectory(root.resolve(name())), random);
            return List.of();
        });
    }

    @Test
    @Order(5)
    void flippedBitsInCheckpoints() {
        FaultTable.row("flipped bit in a checkpoint: named, the previous one used", 20, random -> {
            LittleRun run = new LittleRun(Files.createDirectory(root.resolve(name())));
            TrainingSpec spec = run.spec("checkpoints", STEPS, CHECKPOINT_STEPS);
            saveTwo(run, spec);
            Path newest = run.wholeCheckpoints("checkpoints").get(1);
            flip(anyFile(newest, random), random);
            assertThat(run.checkpoints(spec).latest().orElseThrow().step()).isEqualTo(4);
            assertThatThrownBy(() -> run.checkpoints(spec).load(8))
                    .hasMessageContaining("step-000000000008")
                    .extracting(e -> ((StageFailure) e).exitCode())
                    .isEqualTo(ExitCode.MISMATCH);
            return List.of();
        });
    }

    private static void saveTwo(LittleRun run, TrainingSpec spec) throws Exception {
        Ranks.run(1, collective -> new TrainingLoop(
                        spec, collective, LittleRun.program(), run.data(), run.validationData(), LittleRun.initial())
                .run(
                        new TrainingLoop.Observer() {
                            @Override
                            public void stepMade(TimedStep step) {}

                            @Override
                            public void betweenSteps(long step, Supplier<TrainingState> state) {
                                if (step == 4) {
                                    run.checkpoints(spec).save(state.get());
                                }
                            }

                            @Override
                            public void ended(TrainingState state) {
                                run.checkpoints(spec).save(state);
                            }
                        },
                        new EighthStep()));
    }

    /** Asks to leave in the eighth step. */
    private static final class EighthStep implements BooleanSupplier {
        private int steps;

        @Override
        public boolean getAsBoolean() {
            return ++steps == 8;
        }
    }

    private static Path anyFile(Path directory, Random random) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            List<Path> all = files.filter(Files::isRegularFile).sorted().toList();
            return all.get(random.nextInt(all.size()));
        }
    }

    private static void flip(Path file, Random random) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(Byte.SIZE));
        Files.write(file, bytes);
    }

    @Test
    @Order(6)
    void flippedBitsInDatasets() {
        FaultTable.row("flipped bit in the dataset: named, never trained on", 20, random -> {
            LittleRun run = new LittleRun(Files.createDirectory(root.resolve(name())));
            Path file = flipAnyFile(run, random);
            assertThatThrownBy(() -> run.data().verify(0, 1))
                    .hasMessageContaining(file.getFileName().toString())
                    .extracting(e -> ((StageFailure) e).exitCode())
                    .isEqualTo(ExitCode.MISMATCH);
            return List.of();
        });
        FaultTable.row("the same after the start: named, or of no effect", 20, random -> {
            LittleRun run = new LittleRun(Files.createDirectory(root.resolve(name())));
            TrainingSpec spec = run.spec("none", STEPS, STEPS);
            run.data().verify(0, 1);
            Path file = flipAnyFile(run, random);
            LastState end = new LastState();
            try {
                Ranks.run(1, collective -> new TrainingLoop(
                                spec,
                                collective,
                                LittleRun.program(),
                                run.data(),
                                run.validationData(),
                                LittleRun.initial())
                        .run(end, () -> false));
            } catch (StageFailure refusal) {
                assertThat(refusal).hasMessageContaining(file.getFileName().toString());
                return List.of(Figure.happened("named"));
            }
            assertUnharmed(end.last());
            return List.of(Figure.happened("of no effect"));
        });
    }

    private static Path flipAnyFile(LittleRun run, Random random) throws IOException {
        Path file = anyFile(Path.of(run.dataset().toUri()).resolve("train"), random);
        flip(file, random);
        return file;
    }

    @Test
    @Order(7)
    void halfWrittenCheckpoints() {
        FaultTable.row("writer killed at every file-system call: the previous used", 1, random -> {
            Path directory = Files.createDirectory(root.resolve(name()));
            try {
                return List.of(new Figure(
                        "killed at each of", CheckpointFaultsTest.killWriterAtEveryCall(directory), "calls"));
            } finally {
                FaultingFileSystem.inject(FaultingFileSystem.Fault.NONE);
            }
        });
    }

    @Test
    @Order(8)
    void gradientsThatAreNotFinite() {
        FaultTable.row("non-finite gradient on one rank: skipped by all, states equal", 5, random -> {
            int world = 2 + random.nextInt(3);
            int broken = random.nextInt(world);
            int badMicroBatch = 1 + random.nextInt(6);
            LittleRun run = new LittleRun(Files.createDirectory(root.resolve(name())));
            TrainingSpec spec = run.spec("none", 10, 100);
            List<TrainingState> ends = Ranks.run(world, collective -> {
                LastState end = new LastState();
                LossProgram program = collective.rank() == broken ? notFiniteAt(badMicroBatch) : LittleRun.program();
                new TrainingLoop(spec, collective, program, run.data(), run.validationData(), LittleRun.initial())
                        .run(end, () -> false);
                return end.last();
            });
            assertThat(ends).extracting(LittleRun::sha256).containsOnly(LittleRun.sha256(ends.get(0)));
            assertThat(ends.get(0).history())
                    .filteredOn(step -> step.update() == Update.NOT_FINITE)
                    .hasSize(1);
            return List.of();
        });
    }

    private static LossProgram notFiniteAt(int microBatch) {
        return new BigramProgram(LittleRun.VOCABULARY) {
            private int computed;

            @Override
            public double forwardBackward(MicroBatch batch, float[] gradient) {
                double loss = super.forwardBackward(batch, gradient);
                if (++computed == microBatch) {
                    gradient[3] = Float.NaN;
                }
                return loss;
            }
        };
    }

    /** Keeps a copy of the last state. */
    private static final class LastState implements TrainingLoop.Observer {
        private final AtomicReference<TrainingState> last = new AtomicReference<>();

        TrainingState last() {
            return last.get();
        }

        @Override
        public void stepMade(TimedStep step) {}

        @Override
        public void betweenSteps(long step, Supplier<TrainingState> state) {}

        @Override
        public void ended(TrainingState state) {
            last.set(state.copy());
        }
    }

    @Test
    @Order(9)
    void storesThatFail() {
        FaultTable.row("store answers 503 for a while: tried again, nothing lost", 1, random -> {
            try {
                CheckpointFaultsTest.survivesABusyStore(Files.createDirectory(root.resolve(name())));
                return List.of();
            } finally {
                FaultingFileSystem.inject(FaultingFileSystem.Fault.NONE);
            }
        });
        FaultTable.row("disk full: said so, the previous checkpoint kept", 1, random -> {
            try {
                CheckpointFaultsTest.saysThatTheDiskIsFull(Files.createDirectory(root.resolve(name())));
                return List.of();
            } finally {
                FaultingFileSystem.inject(FaultingFileSystem.Fault.NONE);
            }
        });
        FaultTable.row("slow store: steps do not wait, the last is waited for", 1, random -> {
            try {
                return List.of(new Figure(
                        "longest stall",
                        CheckpointFaultsTest.longestStallOnASlowStore(Files.createDirectory(root.resolve(name()))),
                        "ms"));
            } finally {
                FaultingFileSystem.inject(FaultingFileSystem.Fault.NONE);
            }
        });
    }

    @Test
    @Order(10)
    void portsInUse() {
        FaultTable.row("port in use: another is taken, training goes on", 1, random -> {
            assertThat(reference.step()).isEqualTo(STEPS);
            assertThat(spark.getConf().get("spark.driver.port")).isNotEqualTo(takenPort);
            return List.of();
        });
    }
}
