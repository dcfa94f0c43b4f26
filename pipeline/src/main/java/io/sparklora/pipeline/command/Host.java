package io.sparklora.pipeline.command;

import io.sparklora.pipeline.adapter.ProcessorFeatures;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * What can be read of this machine.
 *
 * @param environment the process's
 * @param proc the kernel's directory, {@code /proc} on Linux; elsewhere it is missing, and what it would say is unknown
 * @param userHome the user's directory
 * @param javaVersion feature number of this JVM
 */
record Host(Map<String, String> environment, Path proc, Path userHome, int javaVersion) {
    private static final int COMMAND_SECONDS = 20;
    private static final long KIBIBYTE = 1 << 10;

    /** This one. */
    static Host here() {
        return new Host(
                System.getenv(),
                Path.of("/proc"),
                Path.of(System.getProperty("user.home")),
                Runtime.version().feature());
    }

    /** A variable that is set and not empty. */
    Optional<String> variable(String name) {
        return Optional.ofNullable(environment.get(name)).filter(value -> !value.isEmpty());
    }

    /** The first processor's features. */
    ProcessorFeatures processorFeatures() {
        return ProcessorFeatures.read(proc.resolve("cpuinfo"));
    }

    /** Bytes that processes may still take without swapping. */
    OptionalLong availableMemoryBytes() {
        return lines("meminfo")
                .filter(line -> line.matches("MemAvailable:\\s+[0-9]+ kB"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) * KIBIBYTE)
                .findFirst();
    }

    private Stream<String> lines(String file) {
        Path path = proc.resolve(file);
        try {
            return Files.isReadable(path) ? Files.readAllLines(path).stream() : Stream.empty();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Each GPU's name, driver and memory, as NVIDIA's command tells them; none where there is none that answers. */
    List<String> gpus() {
        return variable("PATH").stream()
                .flatMap(path -> Stream.of(path.split(":")))
                .map(directory -> Path.of(directory, "nvidia-smi"))
                .filter(Files::isExecutable)
                .findFirst()
                .map(command -> output(
                        command.toString(), "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"))
                .orElse(List.of());
    }

    private static List<String> output(String... command) {
        try {
            Process process = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            boolean ended = process.waitFor(COMMAND_SECONDS, TimeUnit.SECONDS);
            return ended && process.exitValue() == 0 ? text.lines().toList() : List.of();
        } catch (IOException e) {
            return List.of();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return List.of();
        }
    }
}
