package io.sparklora.training.job;

import io.sparklora.pipeline.run.Storage;
import io.sparklora.training.checkpoint.TrainingState;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;

/** A driver of a little run in a process of its own, with executor processes of its own, to be killed. */
final class LittleDriver {
    /** A driver's property: milliseconds that a micro-batch takes longer. */
    static final String PAUSE = "little.pause";

    private static final String RESULT = "result";
    private static final String STEP = "step";
    private static final String START = "start";

    private LittleDriver() {}

    /** {@code DIRECTORY EXECUTORS STEPS CHECKPOINT_STEPS CHECKPOINTS}. */
    public static void main(String[] args) throws IOException {
        Path directory = Path.of(args[0]);
        int executors = Integer.parseInt(args[1]);
        // The same bytes each time, but a file that is there is not written over.
        new Storage(new Configuration())
                .delete(new org.apache.hadoop.fs.Path(
                        directory.resolve("dataset").toUri()));
        LittleRun little = new LittleRun(directory);
        TrainingListener writer = new TrainingListener() {
            @Override
            public void attemptStarted(int ranks, TrainingState from) {
                write(directory.resolve(START), String.valueOf(from.step()));
            }

            @Override
            public void stepMade(TimedStep made) {
                if (made.step().step() % 10 == 0) {
                    write(directory.resolve(STEP), String.valueOf(made.step().step()));
                }
            }

            @Override
            public void attemptLost(String why) {}
        };
        try (JavaSparkContext spark =
                new JavaSparkContext(TrainingSparkSettings.apply(LocalCluster.conf("LittleDriver", executors)))) {
            TrainingSpec spec = little.spec(
                    new org.apache.hadoop.fs.Path(args[4]),
                    Integer.parseInt(args[2]),
                    Integer.parseInt(args[3]),
                    ValidationPlan.NONE);
            TrainingState end = new BarrierTraining(
                            spark, spec, new SlowFactory(Integer.getInteger(PAUSE, 0)), executors, writer)
                    .run();
            write(directory.resolve(RESULT), LittleRun.sha256(end));
        }
    }

    private static void write(Path file, String text) {
        try {
            Files.writeString(file, text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** @param options of the driver's JVM */
    static Process start(Path directory, int executors, int steps, int checkpointSteps, List<String> options)
            throws IOException {
        URI checkpoints = directory.resolve("checkpoints").toUri();
        return start(directory, executors, steps, checkpointSteps, options, checkpoints);
    }

    /**
     * Starts it.
     *
     * @param options of the driver's JVM
     * @param checkpoints where they lie, on any store
     */
    static Process start(
            Path directory, int executors, int steps, int checkpointSteps, List<String> options, URI checkpoints)
            throws IOException {
        Files.deleteIfExists(directory.resolve(STEP));
        Files.deleteIfExists(directory.resolve(START));
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(argument -> argument.startsWith("--add-"))
                .forEach(command::add);
        command.addAll(options);
        command.addAll(List.of(
                "-Xmx512m",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                LittleDriver.class.getName(),
                directory.toString(),
                String.valueOf(executors),
                String.valueOf(steps),
                String.valueOf(checkpointSteps),
                checkpoints.toString()));
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(
                        directory.resolve("driver.log").toFile()))
                .start();
    }

    /** Returns soon after the driver has seen a step; steps are told to the ten. */
    static void awaitStep(Path directory, Process driver, long step) throws Exception {
        await(directory, driver, STEP, step);
    }

    /** Returns soon after an attempt has started from a step, or a later one. */
    static void awaitStart(Path directory, Process driver, long step) throws Exception {
        await(directory, driver, START, step);
    }

    private static void await(Path directory, Process driver, String name, long step) throws Exception {
        Path file = directory.resolve(name);
        while (!Files.exists(file) || number(Files.readString(file)) < step) {
            if (!driver.isAlive()) {
                throw new IllegalStateException(Files.readString(directory.resolve("driver.log")));
            }
            Thread.sleep(5);
        }
    }

    /** The file may be read while it is written anew. */
    private static long number(String text) {
        return text.isEmpty() ? 0 : Long.parseLong(text);
    }

    /** Step that the last attempt started from. */
    static long start(Path directory) throws IOException {
        return number(Files.readString(directory.resolve(START)));
    }

    /** Whether a driver has made all steps. */
    static boolean isOver(Path directory) {
        return Files.exists(directory.resolve(RESULT));
    }

    static String result(Path directory) throws IOException {
        return Files.readString(directory.resolve(RESULT));
    }
}
