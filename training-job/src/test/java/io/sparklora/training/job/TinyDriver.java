package io.sparklora.training.job;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparklora.pipeline.run.ContentKey;
import io.sparklora.pipeline.run.StageMain;
import io.sparklora.pipeline.run.Storage;
import io.sparklora.training.Train;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** The stage train as users start it, of a {@link TinyTraining}: processes of their own with executor processes, to be killed. */
final class TinyDriver {
    private static final Duration PATIENCE = Duration.ofMinutes(3);

    private final TinyTraining tiny;
    private final List<String> settings;

    private TinyDriver(TinyTraining tiny, List<String> settings) {
        this.tiny = tiny;
        this.settings = settings;
    }

    /** In a directory of its own, with these overrides; the data are there, and nothing is trained. */
    static TinyDriver prepared(Path directory, List<String> settings) throws IOException {
        TinyTraining tiny = new TinyTraining(Files.createDirectories(directory));
        TinyDriver driver = new TinyDriver(tiny, settings);
        tiny.prepare(driver.context(), tiny.baseHash());
        return driver;
    }

    StageMain.Context context() throws IOException {
        return tiny.context(settings.toArray(String[]::new));
    }

    private ContentKey runKey() throws IOException {
        StageMain.Context context = context();
        return context.keys().runKey(context.keys().plan(context.layout(), tiny.storage));
    }

    /** Starts the stage as spark-submit does, on a cluster of this machine's. */
    Process start(int executors, String... overrides) throws IOException {
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
                .redirectOutput(ProcessBuilder.Redirect.appendTo(logFile().toFile()))
                .start();
    }

    /** Exit status of a driver, which is killed where it does not end. */
    static int finish(Process driver) throws InterruptedException {
        try {
            assertThat(driver.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
            return driver.exitValue();
        } finally {
            driver.destroyForcibly();
        }
    }

    /** Returns soon after there are so many whole checkpoints. */
    void awaitCheckpoints(Process driver, int count) throws Exception {
        Path checkpoints = checkpoints();
        await(driver, () -> wholeCheckpoints(checkpoints) >= count);
    }

    /** The progress is shown every five seconds. */
    void awaitSteps(Process driver) throws Exception {
        await(driver, () -> log().contains("train  step "));
    }

    private void await(Process driver, Callable<Boolean> event) throws Exception {
        while (!event.call()) {
            assertThat(driver.isAlive()).as(log()).isTrue();
            Thread.sleep(5);
        }
    }

    private static long wholeCheckpoints(Path checkpoints) {
        String[] names = checkpoints.toFile().list();
        return Stream.of(names == null ? new String[0] : names)
                .filter(name -> Files.exists(checkpoints.resolve(name).resolve("manifest.json")))
                .count();
    }

    Path checkpoints() throws IOException {
        return local(context().layout().checkpoints(runKey()));
    }

    /** Where the run's result is, once it has a manifest. */
    Path adapter() throws IOException {
        return local(context().layout().adapter(runKey()));
    }

    /** The files that are published. */
    Path adapterFiles() throws IOException {
        return local(context().layout().adapterFiles(runKey()));
    }

    /** SHA-256 of each file that is published, by name. */
    Map<String, String> adapterHashes() throws IOException {
        Storage storage = tiny.storage;
        Map<String, String> hashes = new TreeMap<>();
        try (Stream<Path> files = Files.list(adapterFiles())) {
            for (Path file : files.toList()) {
                hashes.put(file.getFileName().toString(), storage.sha256(new org.apache.hadoop.fs.Path(file.toUri())));
            }
        }
        return hashes;
    }

    private static Path local(org.apache.hadoop.fs.Path path) {
        return Path.of(path.toUri().getPath());
    }

    private Path logFile() {
        return tiny.root.resolve("driver.log");
    }

    /** What all drivers have written so far. */
    String log() throws IOException {
        return Files.readString(logFile());
    }
}
