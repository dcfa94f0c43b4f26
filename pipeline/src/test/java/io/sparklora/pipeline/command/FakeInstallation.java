package io.sparklora.pipeline.command;

import io.sparklora.pipeline.registry.RunDirectory;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/**
 * A Spark LoRA whose Spark is real and whose stages are stand-ins: each jar holds the stage's main class, which hands
 * over to {@link StandInStages}.
 */
final class FakeInstallation {
    private static final List<String> MAINS = List.of(
            "data-prep:io.sparklora.dataprep:Prepare",
            "training-job:io.sparklora.training:Train",
            "training-job:io.sparklora.training:Evaluate");

    private final Path home;

    /** Compiles and packs the stages. */
    FakeInstallation(Path home) {
        this.home = home;
        Path classes = home.resolve("classes");
        MAINS.forEach(main -> compile(main.split(":", -1), classes));
        for (String module : List.of("pipeline", "data-prep", "training-job")) {
            pack(classes, home.resolve(module).resolve("target").resolve("spark-lora-" + module + ".jar"));
        }
    }

    Installation installation() {
        return new Installation(home, sparkHome(), "bin/spark-lora");
    }

    Path home() {
        return home;
    }

    static Path sparkHome() {
        return Path.of(System.getProperty("project.root", ".."), "target", "spark-home")
                .toAbsolutePath()
                .normalize();
    }

    /** The class path of this test, which the stand-ins need: the stages' own jars hold everything. */
    static String classPath() {
        return System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    }

    private static String compileClassPath() throws IOException {
        try (Stream<Path> jars = Files.list(sparkHome().resolve("jars"))) {
            return jars.map(Path::toString)
                    .collect(Collectors.joining(File.pathSeparator, classPath() + File.pathSeparator, ""));
        }
    }

    private void compile(String[] main, Path classes) {
        Path source = home.resolve("source").resolve(main[2] + ".java");
        RunDirectory.write(source, """
                package %s;
                import java.util.List;
                import org.apache.spark.SparkEnv;
                public final class %s {
                    public static void main(String[] args) throws Exception {
                        io.sparklora.pipeline.command.StandInStages.main("%s", args, () -> job());
                    }

                    private static String job() {
                        var conf = new org.apache.spark.SparkConf();
                        try (var spark = new org.apache.spark.api.java.JavaSparkContext(conf)) {
                            return conf.get("spark.submit.deployMode") + " " + spark.parallelize(List.of(1, 2), 2)
                                    .map(task -> SparkEnv.get().executorId()).distinct().collect();
                        }
                    }
                }
                """.formatted(main[1], main[2], main[2].toUpperCase(java.util.Locale.ROOT)));
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null)) {
            Files.createDirectories(classes);
            List<String> options = List.of("-d", classes.toString(), "-cp", compileClassPath(), "-proc:none");
            boolean compiled = compiler.getTask(null, files, null, options, null, files.getJavaFileObjects(source))
                    .call();
            if (!compiled) {
                throw new IllegalStateException("the stand-in for " + main[2] + " does not compile");
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void pack(Path classes, Path jar) {
        try {
            Files.createDirectories(jar.resolveSibling(""));
            try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar));
                    Stream<Path> walk = Files.walk(classes)) {
                for (Path file : walk.filter(Files::isRegularFile).toList()) {
                    out.putNextEntry(new JarEntry(classes.relativize(file).toString()));
                    Files.copy(file, out);
                    out.closeEntry();
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
