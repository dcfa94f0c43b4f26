package io.sparklora.pipeline.command;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Where Spark LoRA and Spark lie on this machine.
 *
 * @param home the directory that holds {@code bin/}: a clone or an unpacked release
 * @param sparkHome a directory with {@code bin/spark-submit} and {@code jars/}
 * @param invokedAs how the user started the command line, for hints
 */
record Installation(Path home, Path sparkHome, String invokedAs) {
    /** Set by {@code bin/spark-lora}. */
    static final String HOME_PROPERTY = "spark-lora.home";
    /** Set by {@code bin/spark-lora}. */
    static final String COMMAND_PROPERTY = "spark-lora.command";

    /** Finds both: the user's {@code SPARK_HOME} if it is set, else the one that the build laid out. */
    static Installation find(Map<String, String> environment, Properties properties) {
        Path home = Optional.ofNullable(properties.getProperty(HOME_PROPERTY))
                .or(() -> Optional.ofNullable(environment.get("SPARK_LORA_HOME")))
                .filter(value -> !value.isEmpty())
                .map(Path::of)
                .orElseGet(Installation::homeOfThisJar)
                .toAbsolutePath()
                .normalize();
        Path sparkHome = Optional.ofNullable(environment.get("SPARK_HOME"))
                .filter(value -> !value.isEmpty())
                .map(value -> Path.of(value).toAbsolutePath().normalize())
                .orElse(home.resolve("target").resolve("spark-home"));
        return new Installation(home, sparkHome, properties.getProperty(COMMAND_PROPERTY, "spark-lora"));
    }

    /** This class lies in HOME/pipeline/target/(a jar or classes), or in HOME/jars/(a jar). */
    private static Path homeOfThisJar() {
        try {
            Path code = Path.of(Installation.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI());
            Path directory = code.resolveSibling("");
            return directory.endsWith("target") ? directory.resolve("../..") : directory.resolve("..");
        } catch (URISyntaxException e) {
            throw new IllegalStateException("this jar has no location", e);
        }
    }

    /**
     * Spark's command for submitting applications.
     *
     * @throws StageFailure ({@link ExitCode#USAGE}) where there is none
     */
    Path sparkSubmit() {
        Path submit = sparkHome.resolve("bin").resolve("spark-submit");
        if (!Files.isExecutable(submit)) {
            throw new StageFailure(
                    ExitCode.USAGE,
                    "there is no Spark in " + sparkHome + " (no bin/spark-submit): set SPARK_HOME to a Spark 4 "
                            + "installation, or build Spark LoRA, which lays one out");
        }
        return submit;
    }

    /**
     * The jar that holds a module's stages.
     *
     * @throws StageFailure ({@link ExitCode#USAGE}) where it was not built
     */
    Path jar(String module) {
        String name = "spark-lora-" + module + ".jar";
        List<Path> places = List.of(
                home.resolve("jars").resolve(name),
                home.resolve(module).resolve("target").resolve(name));
        return places.stream()
                .filter(Files::isRegularFile)
                .findFirst()
                .orElseThrow(() -> new StageFailure(
                        ExitCode.USAGE,
                        "there is no " + places.get(1) + ": build it with `mvn -Dquick -DskipTests package` in "
                                + home));
    }

    /**
     * The jars with libtorch's native libraries, as a class path; empty where the build laid none out. They stay where
     * they are: shipped with an application, hundreds of megabytes would be copied to every executor at every start.
     */
    Optional<String> nativesClassPath() {
        Path natives = home.resolve("target").resolve("natives");
        if (!Files.isDirectory(natives)) {
            return Optional.empty();
        }
        try (Stream<Path> files = Files.list(natives)) {
            return Optional.of(files.filter(file -> file.toString().endsWith(".jar"))
                            .sorted()
                            .map(Path::toString)
                            .collect(Collectors.joining(File.pathSeparator)))
                    .filter(classPath -> !classPath.isEmpty());
        } catch (IOException e) {
            throw new StageFailure(ExitCode.RETRYABLE, "can't list " + natives + ": " + e.getMessage(), e);
        }
    }

    /** The logging settings that keep a terminal quiet, if they are there. */
    Optional<Path> quietLogging() {
        return Optional.of(home.resolve("conf").resolve("log4j2.properties")).filter(Files::isRegularFile);
    }

    /** Where Spark SQL may keep a catalog of its own, which no stage uses. */
    Path warehouse() {
        return home.resolve("target").resolve("spark-warehouse");
    }
}
