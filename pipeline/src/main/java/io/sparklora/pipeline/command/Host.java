package io.sparklora.pipeline.command;

import com.sun.management.OperatingSystemMXBean;
import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.adapter.ProcessorFeatures;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.function.ToLongFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What can be read of this machine.
 *
 * @param environment the process's
 * @param proc the kernel's directory, {@code /proc} on Linux; elsewhere it is missing, and what it would say is unknown
 * @param userHome the user's directory
 * @param temporary the directory for temporary files
 * @param javaVersion feature number of this JVM
 * @param memoryBytes all of its memory
 * @param freeBytes what can still be written below a directory, in bytes
 * @param ownName finds the address of the machine's own name
 */
record Host(
        Map<String, String> environment,
        Path proc,
        Path userHome,
        Path temporary,
        int javaVersion,
        long memoryBytes,
        ToLongFunction<Path> freeBytes,
        NameLookup ownName) {
    /** Spark's variable with the address to listen at. */
    static final String LOCAL_ADDRESS = "SPARK_LOCAL_IP";

    private static final long KIBIBYTE = 1 << 10;

    /** Finds the address of a name. */
    @FunctionalInterface
    interface NameLookup {
        InetAddress address() throws UnknownHostException;
    }

    /** This one. */
    static Host here() {
        return new Host(
                System.getenv(),
                Path.of("/proc"),
                Path.of(System.getProperty("user.home")),
                Path.of(System.getProperty("java.io.tmpdir")),
                Runtime.version().feature(),
                ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize(),
                directory -> directory.toFile().getUsableSpace(),
                InetAddress::getLocalHost);
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

    /** The address that Spark's processes on this machine listen at: that of SPARK_LOCAL_IP, or of its own name. */
    InetAddress address() throws UnknownHostException {
        Optional<String> chosen = variable(LOCAL_ADDRESS);
        return chosen.isPresent() ? InetAddress.getByName(chosen.get()) : ownName.address();
    }

    /** Where DJL unpacks native libraries: its {@code Utils.getEngineCacheDir}. */
    Path nativesCache() {
        return variable("ENGINE_CACHE_DIR")
                .or(() -> variable("DJL_CACHE_DIR"))
                .map(Path::of)
                .orElseGet(() -> (Files.isWritable(userHome) ? userHome : temporary).resolve(".djl.ai"));
    }

    /** Where Spark's processes spill, unless a cluster manager or {@code spark.local.dir} says otherwise. */
    List<Path> sparkDirectories() {
        return Stream.of(variable("SPARK_LOCAL_DIRS")
                        .orElse(temporary.toString())
                        .split(","))
                .map(Path::of)
                .toList();
    }

    /**
     * Each GPU's name, driver and memory, as NVIDIA's command tells them; none where there is no such command.
     *
     * @param patience how long it may take
     * @throws StageFailure ({@link ExitCode#RETRYABLE}) where it fails or takes longer
     */
    List<String> gpus(Duration patience) {
        return variable("PATH").stream()
                .flatMap(path -> Stream.of(path.split(":")))
                .map(directory -> Path.of(directory, "nvidia-smi"))
                .filter(Files::isExecutable)
                .findFirst()
                .map(command -> output(
                        patience,
                        command.toString(),
                        "--query-gpu=name,driver_version,memory.total",
                        "--format=csv,noheader"))
                .orElse(List.of());
    }

    /** The lines of a command that writes few of them. */
    private static List<String> output(Duration patience, String... command) {
        try {
            Process process = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            if (!process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS)) {
                process.destroyForcibly();
                throw failed(command[0] + " did not answer within " + patience.toSeconds() + " s", null);
            }
            String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (process.exitValue() != 0) {
                throw failed(
                        command[0] + " ended with " + process.exitValue() + ": "
                                + String.join(" ", text.lines().toList()),
                        null);
            }
            return text.lines().toList();
        } catch (IOException e) {
            throw failed(command[0] + " cannot be started: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw failed("interrupted while waiting for " + command[0], e);
        }
    }

    private static StageFailure failed(String message, @Nullable Exception cause) {
        return new StageFailure(ExitCode.RETRYABLE, message, cause);
    }
}
