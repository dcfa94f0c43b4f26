package io.sparklora.training.job;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparklora.pipeline.run.ContentKey;
import io.sparklora.pipeline.run.StageMain;
import io.sparklora.training.Train;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The stage as users start it, in a process of its own with executor processes, killed with SIGKILL and started again. */
class KilledDriverTest {
    private static final Duration PATIENCE = Duration.ofMinutes(3);
    private static final List<String> LONG_RUN = List.of("train.tokens=25600", "train.checkpoint.steps=20");

    @TempDir
    private Path root;

    private List<String> settings = LONG_RUN;

    @Test
    @Timeout(value = 10, unit = TimeUnit.MINUTES)
    void endsWithTheSameBytesAfterItsDriverWasTerminatedAndKilled() throws Exception {
        LocalCluster.requireSparkHome();
        TinyTraining unfailed = prepared(root.resolve("unfailed"));
        trainHere(unfailed);
        TinyTraining killed = prepared(root.resolve("killed"));

        Process terminated = driver(killed, 2, "train.checkpoint.steps=1000");
        awaitSteps(killed, terminated);
        // SIGTERM; no checkpoint is due.
        terminated.destroy();
        assertThat(finish(terminated)).isEqualTo(128 + 15);
        assertThat(checkpoints(killed).toFile().list()).hasSize(1);

        Process driver = driver(killed, 2);
        awaitCheckpoint(killed, driver);
        List<ProcessHandle> executors = driver.descendants().toList();
        driver.destroyForcibly();

        assertThat(finish(driver)).isEqualTo(128 + 9);
        assertThat(executors).hasSize(2);
        for (ProcessHandle executor : executors) {
            executor.onExit().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        }
        assertThat(killed.storage.exists(new org.apache.hadoop.fs.Path(
                        killed.context(overrides()).layout().adapter(runKey(killed)), "manifest.json")))
                .isFalse();
        assertThat(finish(driver(killed, 1))).isZero();
        assertThat(killed.adapterBytes(killed.context(overrides()), runKey(killed)))
                .isEqualTo(unfailed.adapterBytes(unfailed.context(overrides()), runKey(unfailed)));
        assertThat(Files.readString(root.resolve("killed/driver.log"))).contains("goes on from step");
    }

    @Test
    @Timeout(value = 10, unit = TimeUnit.MINUTES)
    void aWholeModelHasTheSameBytesOnTwoExecutorsAfterAKill() throws Exception {
        LocalCluster.requireSparkHome();
        settings = List.of("train.finetuning-type=full", "lora={}", "train.tokens=6400", "train.checkpoint.steps=10");
        TinyTraining unfailed = prepared(root.resolve("unfailed"));
        trainHere(unfailed);
        TinyTraining killed = prepared(root.resolve("killed"));

        Process driver = driver(killed, 2);
        awaitCheckpoint(killed, driver);
        driver.destroyForcibly();
        assertThat(finish(driver)).isEqualTo(128 + 9);

        assertThat(finish(driver(killed, 2))).isZero();
        assertThat(model(killed)).hasSameBinaryContentAs(model(unfailed));
        assertThat(Files.readString(root.resolve("killed/driver.log"))).contains("goes on from step");
    }

    private Path model(TinyTraining tiny) throws IOException {
        return Path.of(tiny.context(overrides())
                        .layout()
                        .adapterFiles(runKey(tiny))
                        .toUri()
                        .getPath())
                .resolve("model.safetensors");
    }

    private void trainHere(TinyTraining tiny) throws IOException {
        TrainStageTest.SPARK.forEach(System::setProperty);
        try {
            new TrainStage(tiny.context(overrides())).run();
        } finally {
            TrainStageTest.SPARK.keySet().forEach(System::clearProperty);
        }
    }

    private TinyTraining prepared(Path directory) throws IOException {
        TinyTraining tiny = new TinyTraining(Files.createDirectories(directory));
        tiny.prepare(tiny.context(overrides()), tiny.baseHash());
        return tiny;
    }

    private String[] overrides() {
        return settings.toArray(String[]::new);
    }

    private ContentKey runKey(TinyTraining tiny) throws IOException {
        StageMain.Context context = tiny.context(overrides());
        return context.keys().runKey(context.keys().plan(context.layout(), tiny.storage));
    }

    /** Starts the stage as spark-submit does, on a cluster of this machine's. */
    private Process driver(TinyTraining tiny, int executors, String... overrides) throws IOException {
        String classPath = System.getProperty("java.class.path");
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(argument -> argument.startsWith("--add-"))
                .forEach(command::add);
        command.addAll(List.of(
                "-Xmx512m",
                "-XX:TieredStopAtLevel=1",
                "-Dai.djl.offline=true",
                "-Dspark.master=local-cluster[" + executors + ",1,512]",
                "-Dspark.executor.memory=512m",
                "-Dspark.task.cpus=1",
                "-Dspark.ui.enabled=false",
                "-Dspark.executor.extraClassPath=" + classPath,
                "-Dspark.executor.extraJavaOptions=-Dai.djl.offline=true -XX:TieredStopAtLevel=1",
                "-cp",
                classPath,
                Train.class.getName(),
                tiny.config().toString()));
        settings.forEach(override -> command.addAll(List.of("--set", override)));
        command.addAll(List.of("--set", "train.executors=" + executors));
        List.of(overrides).forEach(override -> command.addAll(List.of("--set", override)));
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(
                        tiny.root.resolve("driver.log").toFile()))
                .start();
    }

    private void awaitCheckpoint(TinyTraining tiny, Process driver) throws Exception {
        Path checkpoints = checkpoints(tiny);
        await(tiny, driver, () -> wholeCheckpoints(checkpoints) >= 2);
    }

    /** The progress is shown every five seconds. */
    private static void awaitSteps(TinyTraining tiny, Process driver) throws Exception {
        await(tiny, driver, () -> Files.readString(log(tiny)).contains("train  step "));
    }

    private static void await(TinyTraining tiny, Process driver, Callable<Boolean> event) throws Exception {
        while (!event.call()) {
            assertThat(driver.isAlive()).as(Files.readString(log(tiny))).isTrue();
            Thread.sleep(5);
        }
    }

    private static long wholeCheckpoints(Path checkpoints) {
        String[] names = checkpoints.toFile().list();
        return Stream.of(names == null ? new String[0] : names)
                .filter(name -> Files.exists(checkpoints.resolve(name).resolve("manifest.json")))
                .count();
    }

    private Path checkpoints(TinyTraining tiny) throws IOException {
        return Path.of(tiny.context(overrides())
                .layout()
                .checkpoints(runKey(tiny))
                .toUri()
                .getPath());
    }

    private static Path log(TinyTraining tiny) {
        return tiny.root.resolve("driver.log");
    }

    private static int finish(Process driver) throws InterruptedException {
        try {
            assertThat(driver.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
            return driver.exitValue();
        } finally {
            driver.destroyForcibly();
        }
    }
}
