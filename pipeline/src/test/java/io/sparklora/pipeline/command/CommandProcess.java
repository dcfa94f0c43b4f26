package io.sparklora.pipeline.command;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A Java process that a test starts, its two streams as one. */
final class CommandProcess {
    private static final long LIMIT_SECONDS = 120;

    private final Process process;
    private final BufferedReader output;
    private final List<String> lines = new ArrayList<>();

    private CommandProcess(ProcessBuilder builder) {
        try {
            this.process = builder.redirectErrorStream(true).start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        this.output = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    }

    /** Starts the command line of an installation. */
    static CommandProcess sparkLora(FakeInstallation installation, Path workingDirectory, String... arguments) {
        List<String> words = new ArrayList<>(List.of(
                "-D" + Installation.HOME_PROPERTY + "=" + installation.home(),
                "-D" + Installation.COMMAND_PROPERTY + "=bin/spark-lora",
                SparkLora.class.getName()));
        words.addAll(List.of(arguments));
        return java(workingDirectory, words);
    }

    /** Starts a class of this test's class path. */
    static CommandProcess java(Path workingDirectory, List<String> words) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                FakeInstallation.classPath()));
        command.addAll(words);
        ProcessBuilder builder = new ProcessBuilder(command).directory(workingDirectory.toFile());
        builder.environment().put("SPARK_HOME", FakeInstallation.sparkHome().toString());
        return new CommandProcess(builder);
    }

    /** Reads up to the first line that starts so, and returns it. */
    String awaitLine(String start) {
        try {
            for (String line = output.readLine(); line != null; line = output.readLine()) {
                lines.add(line);
                if (line.startsWith(start)) {
                    return line;
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        throw new AssertionError("no line started with '" + start + "':\n" + String.join("\n", lines));
    }

    /** Asks the process to end, as kill does. */
    void terminate() {
        // Process.destroy would close the output too.
        process.toHandle().destroy();
    }

    /** Reads to the end and returns the exit status. */
    int await() {
        try {
            output.lines().forEach(lines::add);
            if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new AssertionError("still running:\n" + text());
            }
            return process.exitValue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /**
     * Waits until a process has ended. One whose parent is gone stays a zombie until the system's first process collects
     * it, which can take its time: it has ended all the same.
     */
    static void assertEnded(String pid) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
        while (isRunning(pid)) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("process " + pid + " is still there");
            }
            TimeUnit.MILLISECONDS.sleep(20);
        }
    }

    private static boolean isRunning(String pid) {
        try {
            String status = Files.readString(Path.of("/proc", pid, "stat"));
            return status.charAt(status.lastIndexOf(')') + 2) != 'Z';
        } catch (IOException e) {
            return false;
        }
    }

    /** Everything that was printed so far. */
    String text() {
        return String.join("\n", lines);
    }
}
