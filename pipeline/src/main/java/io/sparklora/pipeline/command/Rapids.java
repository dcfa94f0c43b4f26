package io.sparklora.pipeline.command;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.config.SparkConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Whether prepare runs on GPUs. The launcher decides: where the plugin finds no GPU, it ends the executor's JVM.
 *
 * @param isOn whether the plugin is switched on
 * @param why the decision in one line
 * @param settings that switch it on; none where it is off
 */
record Rapids(boolean isOn, String why, Map<String, String> settings) {
    private static final Pattern COORDINATES = Pattern.compile("[\\w.-]+:[\\w.-]+:[\\w.-]+");
    private static final Pattern SCHEME = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]+:.*");
    private static final String JAR_NAME = "rapids-4-spark*.jar";
    private static final String JAR_KEY = "spark.rapids-jar";
    private static final String DISCOVERY_SCRIPT = "spark.executor.resource.gpu.discoveryScript";
    private static final List<String> DISCOVERY = List.of(DISCOVERY_SCRIPT, "spark.resources.discoveryPlugin");
    /** An executor's tasks share its GPU, and the plugin itself says how many at a time: cores alone should limit them. */
    private static final String GPU_OF_A_TASK = "0.001";

    Rapids {
        settings = Map.copyOf(settings);
    }

    /**
     * Decides by what the configuration says of the executors; nothing is started.
     *
     * @param master of prepare; empty for spark-submit's own default
     * @throws StageFailure ({@link ExitCode#USAGE}) where RAPIDS is asked for and cannot start
     */
    static Rapids of(SparkConfig spark, String master, Path sparkHome) {
        if (spark.rapids() == SparkConfig.Rapids.OFF) {
            return off("spark.rapids is off");
        }
        Optional<String> obstacle = obstacle(spark, master);
        boolean isAsked = spark.rapids() == SparkConfig.Rapids.ON;
        if (obstacle.isPresent()) {
            return isAsked ? refused(obstacle.get()) : off(obstacle.get());
        }
        if (!spark.rapidsJar().isEmpty()) {
            requireJar(spark.rapidsJar());
            return on(spark, master, spark.rapidsJar());
        }
        Optional<Path> installed = installed(sparkHome);
        return installed.isPresent() || isAsked
                ? on(spark, master, "")
                : off(JAR_KEY + " is empty and there is no " + JAR_NAME + " in " + sparkHome.resolve("jars"));
    }

    /** Why the plugin would not start. */
    private static Optional<String> obstacle(SparkConfig spark, String master) {
        if (!spark.executorGpus().equals("1")) {
            return Optional.of("spark.conf." + SparkConfig.EXECUTOR_GPUS + " is " + spark.executorGpus()
                    + ", and RAPIDS takes one GPU an executor");
        }
        boolean needsDiscovery = master.startsWith("yarn") || master.startsWith("k8s://");
        return needsDiscovery && DISCOVERY.stream().noneMatch(spark.conf()::containsKey)
                ? Optional.of("spark.conf." + DISCOVERY_SCRIPT + " is not set, which " + master + " needs to find GPUs")
                : Optional.empty();
    }

    private static Rapids off(String why) {
        return new Rapids(false, "off: " + why, Map.of());
    }

    private static Rapids refused(String obstacle) {
        throw new StageFailure(ExitCode.USAGE, "spark.rapids is on, but " + obstacle);
    }

    private static Rapids on(SparkConfig spark, String master, String jar) {
        Map<String, String> settings = new LinkedHashMap<>();
        settings.put(SparkConfig.PLUGINS, SparkConfig.RAPIDS_PLUGIN);
        if (!jar.isEmpty()) {
            settings.put(COORDINATES.matcher(jar).matches() ? "spark.jars.packages" : "spark.jars", jar);
        }
        if (schedulesGpus(master)) {
            settings.put("spark.task.resource.gpu.amount", GPU_OF_A_TASK);
        }
        String from = jar.isEmpty() ? "Spark's own jars" : jar;
        return new Rapids(true, "on: " + spark.executorGpus() + " GPU an executor, plugin from " + from, settings);
    }

    /** Local mode knows no resources: a task that asks for one waits for ever. */
    static boolean schedulesGpus(String master) {
        return !master.startsWith("local[");
    }

    private static void requireJar(String jar) {
        boolean isElsewhere = SCHEME.matcher(jar).matches() && !jar.startsWith("file:");
        Path file = jar.startsWith("file:") ? Path.of(URI.create(jar)) : Path.of(jar);
        if (!isElsewhere && !Files.isRegularFile(file)) {
            throw new StageFailure(
                    ExitCode.USAGE,
                    JAR_KEY + " must be a file or Maven coordinates (group:artifact:version) but was '" + jar
                            + "', which is not there");
        }
    }

    private static Optional<Path> installed(Path sparkHome) {
        Path jars = sparkHome.resolve("jars");
        if (!Files.isDirectory(jars)) {
            return Optional.empty();
        }
        try (Stream<Path> found = Files.list(jars)) {
            return found.filter(jar -> String.valueOf(jar.getFileName()).matches("rapids-4-spark.*[.]jar"))
                    .findFirst();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
