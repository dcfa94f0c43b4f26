package io.sparklora.pipeline.command;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Spark's own master and one worker of two cores, as processes on this machine. */
final class StandaloneCluster implements AutoCloseable {
    private static final Pattern MASTER = Pattern.compile("spark://127[.]0[.]0[.]1:[1-9][0-9]*");
    private static final Pattern REGISTERED = Pattern.compile("Successfully registered with master");

    private final List<Process> processes = new ArrayList<>();
    private final String master;

    /** @param work directory of the worker's drivers and executors */
    StandaloneCluster(Path work) {
        try {
            master = start(MASTER, "org.apache.spark.deploy.master.Master", "--host", "127.0.0.1", "--port", "0");
            start(
                    REGISTERED,
                    "org.apache.spark.deploy.worker.Worker",
                    "--host",
                    "127.0.0.1",
                    "--cores",
                    "2",
                    "--memory",
                    "2g",
                    "--work-dir",
                    work.toString(),
                    master);
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    /** Such as {@code spark://127.0.0.1:41234}. */
    String master() {
        return master;
    }

    /** Starts one of Spark's processes, and waits until it says that it is there. */
    private String start(Pattern sign, String mainClass, String... arguments) {
        Path sparkHome = FakeInstallation.sparkHome();
        List<String> command = new ArrayList<>(
                List.of(sparkHome.resolve("bin").resolve("spark-class").toString(), mainClass, "--webui-port", "0"));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("SPARK_HOME", sparkHome.toString());
        builder.environment().put("SPARK_DAEMON_MEMORY", "256m");
        builder.environment().put("SPARK_MASTER_OPTS", "-Dspark.master.rest.enabled=false");
        builder.environment().put("SPARK_LOCAL_IP", "127.0.0.1");
        List<String> lines = new ArrayList<>();
        try {
            Process process = builder.start();
            processes.add(process);
            BufferedReader output =
                    new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
            for (String line = output.readLine(); line != null; line = output.readLine()) {
                lines.add(line);
                Matcher matcher = sign.matcher(line);
                if (matcher.find()) {
                    drain(output);
                    return matcher.group();
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        throw new IllegalStateException(mainClass + " did not start:\n" + String.join("\n", lines));
    }

    /** What is not read would stop the process when the pipe is full. */
    private static void drain(BufferedReader output) {
        Thread thread = new Thread(() -> output.lines().forEach(line -> {}), "drain");
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() {
        processes.forEach(process -> {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        });
    }
}
