package io.sparklora.training.job;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.apache.spark.SparkConf;

/** Clusters of real executor processes on this machine, children of the JVM that starts the context. */
final class LocalCluster {
    private LocalCluster() {}

    /** Settings of a cluster of small executors; Spark waits for ever for executors that have no jars to start from. */
    static SparkConf conf(String application, int executors) {
        requireSparkHome();
        return new SparkConf()
                .setMaster("local-cluster[" + executors + ",1,1024]")
                .setAppName(application)
                .set("spark.ui.enabled", "false")
                .set("spark.executor.memory", "512m")
                .set("spark.executor.extraJavaOptions", "-XX:TieredStopAtLevel=1")
                .set("spark.executor.extraClassPath", System.getProperty("java.class.path"));
    }

    /** Fails where Spark's jars are not laid out. */
    static void requireSparkHome() {
        Path jars = Path.of(Objects.requireNonNullElse(System.getenv("SPARK_HOME"), "SPARK_HOME is not set"), "jars");
        boolean there;
        try (Stream<Path> entries = Files.list(jars)) {
            there = entries.anyMatch(entry -> entry.getFileName().toString().startsWith("spark-core_"));
        } catch (IOException e) {
            there = false;
        }
        if (!there) {
            throw new IllegalStateException(
                    "there is no Spark in " + jars
                            + ", which executor processes start from; to lay it out: mvn -q -Dquick -pl pipeline/spark-home package");
        }
    }

    /** The executors that run now; a context's are the only children of this JVM. */
    static List<ProcessHandle> executors() {
        return ProcessHandle.current().children().toList();
    }

    /** Sends a signal, such as {@code STOP}. */
    static void signal(String signal, ProcessHandle process) {
        try {
            int status = new ProcessBuilder("kill", "-" + signal, String.valueOf(process.pid()))
                    .inheritIO()
                    .start()
                    .waitFor();
            if (status != 0) {
                throw new IllegalStateException("kill -" + signal + " ended with " + status);
            }
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
