package io.sparklora.pipeline.command;

import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.adapter.ProcessorFeatures;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Looks a host over for what a driver or an executor needs on it. */
final class Examination {
    private static final int LEAST_JAVA = 17;
    /** The one that pytorch-jni of our version was built for. */
    private static final String LIBTORCH = "2.7.1";

    private static final String BUILD = "build Spark LoRA: mvn -Dquick -DskipTests package";
    /** The least of the drivers that CUDA 12 runs on (NVIDIA, CUDA Compatibility, minor version compatibility). */
    private static final int LEAST_DRIVER = 525;

    private static final long GIBIBYTE = 1L << 30;
    /** A small model's rank of two threads; bin/spark-lora check computes what a run needs. */
    private static final long LEAST_MEMORY = 4 * GIBIBYTE;
    /** Two bytes a parameter of a model with two thousand million. */
    private static final long LEAST_CACHE = 4 * GIBIBYTE;
    /** Native libraries are unpacked to 432 MB. */
    private static final long LEAST_NATIVES = GIBIBYTE;
    /** A small corpus, shuffled. */
    private static final long LEAST_SCRATCH = 2 * GIBIBYTE;

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private static final int CONNECT_MILLIS = 5000;

    private final Installation installation;
    private final Host host;

    /**
     * What one look found.
     *
     * @param remedy what to do; empty where nothing is missing
     */
    record Finding(String topic, String text, Optional<String> remedy) {
        static Finding ok(String topic, String text) {
            return new Finding(topic, text, Optional.empty());
        }

        static Finding missing(String topic, String text, String remedy) {
            return new Finding(topic, text, Optional.of(remedy));
        }
    }

    Examination(Installation installation, Host host) {
        this.installation = installation;
        this.host = host;
    }

    List<Finding> findings() {
        List<Finding> findings = new ArrayList<>(List.of(
                java(),
                spark(),
                found("jars", "build Spark LoRA, or unpack a release", () -> installation
                        .jar("training-job")
                        .toString()),
                natives(),
                processor(),
                gpu(),
                memory(),
                disk("base cache", host.userHome().resolve(".cache/spark-lora"), LEAST_CACHE),
                disk("djl cache", host.nativesCache(), LEAST_NATIVES)));
        host.sparkDirectories().forEach(directory -> findings.add(disk("scratch", directory, LEAST_SCRATCH)));
        findings.add(network());
        return findings;
    }

    private Finding java() {
        return host.javaVersion() >= LEAST_JAVA
                ? Finding.ok("java", "version " + host.javaVersion())
                : Finding.missing(
                        "java",
                        "version " + host.javaVersion() + ", but " + LEAST_JAVA + " or newer is needed",
                        "set JAVA_HOME to a newer one");
    }

    private Finding spark() {
        Finding submit = found("spark", "set SPARK_HOME to a Spark 4 for Scala 2.13", () -> installation
                .sparkSubmit()
                .toString());
        if (submit.remedy().isPresent()) {
            return submit;
        }
        Optional<String> core = names(installation.sparkHome().resolve("jars"))
                .filter(name -> name.matches("spark-core_.*\\.jar"))
                .findFirst();
        if (core.filter(name -> name.startsWith("spark-core_2.13-4.")).isEmpty()) {
            return Finding.missing(
                    "spark",
                    installation.sparkHome() + " has " + core.orElse("no spark-core") + ", not Spark 4 for Scala 2.13",
                    "set SPARK_HOME to one, or leave it empty for the one that the build laid out");
        }
        return Finding.ok(
                "spark", installation.sparkHome() + ", " + core.orElseThrow().replace(".jar", ""));
    }

    private Finding natives() {
        Optional<String> library = host.variable("PYTORCH_LIBRARY_PATH");
        if (library.isPresent()) {
            return installedLibtorch(Path.of(library.get()));
        }
        return installation
                .nativesClassPath()
                .map(jars -> Finding.ok("natives", "libtorch for the processor, " + jars))
                .orElseGet(() -> Finding.missing(
                        "natives",
                        "no libtorch in " + installation.home().resolve("target/natives"),
                        BUILD + "; or set PYTORCH_LIBRARY_PATH, PYTORCH_VERSION=" + LIBTORCH
                                + " and PYTORCH_FLAVOR for an installed one"));
    }

    private Finding installedLibtorch(Path directory) {
        String version = host.variable("PYTORCH_VERSION").orElse("");
        String flavour = host.variable("PYTORCH_FLAVOR").orElse("");
        if (names(directory).noneMatch(name -> name.matches("(lib)?torch_cpu\\.(so|dylib|dll)"))) {
            return Finding.missing(
                    "natives",
                    "PYTORCH_LIBRARY_PATH " + directory + " holds no libtorch",
                    "point it at the lib directory of a PyTorch " + LIBTORCH);
        }
        if (!version.equals(LIBTORCH) || !flavour.matches("cpu|cu[0-9]+")) {
            return Finding.missing(
                    "natives",
                    "PYTORCH_VERSION is '" + version + "' and PYTORCH_FLAVOR '" + flavour + "'",
                    "set PYTORCH_VERSION=" + LIBTORCH + " and PYTORCH_FLAVOR=cpu or cu128, as the installed one is");
        }
        return Finding.ok("natives", "libtorch " + version + ", " + flavour + ", " + directory);
    }

    private Finding processor() {
        ProcessorFeatures features = host.processorFeatures();
        if (features.names().isEmpty()) {
            return Finding.ok("processor", "its features are unknown");
        }
        return Finding.ok(
                "processor",
                features.multipliesBf16()
                        ? "multiplies bf16"
                        : "has neither AVX512-BF16 nor AMX-BF16: bf16 weights are multiplied as fp32, which is slower");
    }

    private Finding gpu() {
        List<String> gpus;
        try {
            gpus = host.gpus(PATIENCE);
        } catch (StageFailure e) {
            return Finding.missing(
                    "gpu", e.getMessage(), "mend the driver, or take nvidia-smi off the PATH where there is no GPU");
        }
        if (gpus.isEmpty()) {
            return Finding.ok("gpu", "none that nvidia-smi names; training is on the processor");
        }
        String all = String.join("; ", gpus);
        Matcher driver = Pattern.compile(", ([0-9]+)\\.").matcher(gpus.get(0));
        if (!driver.find() || Integer.parseInt(driver.group(1)) < LEAST_DRIVER) {
            return Finding.missing(
                    "gpu", all, "install a driver of version " + LEAST_DRIVER + " or newer, for CUDA 12");
        }
        if (!host.variable("PYTORCH_FLAVOR").orElse("cpu").startsWith("cu")) {
            // RAPIDS needs no libtorch: a host of prepare's may lack nothing.
            return Finding.ok(
                    "gpu",
                    all + "; training needs libtorch for CUDA here: set PYTORCH_LIBRARY_PATH to a PyTorch " + LIBTORCH
                            + "+cu128's lib, PYTORCH_VERSION=" + LIBTORCH + " and PYTORCH_FLAVOR=cu128");
        }
        return Finding.ok("gpu", all);
    }

    private Finding memory() {
        OptionalLong available = host.availableMemoryBytes();
        if (available.isEmpty()) {
            return Finding.ok("memory", "what is available is unknown");
        }
        String text = gibibytes(available.getAsLong()) + " available";
        return available.getAsLong() >= LEAST_MEMORY
                ? Finding.ok("memory", text)
                : Finding.missing(
                        "memory",
                        text + ", but a small model's rank needs " + gibibytes(LEAST_MEMORY),
                        "free some; bin/spark-lora check says what a configuration needs");
    }

    private Finding disk(String topic, Path directory, long least) {
        Path there = directory;
        while (!Files.exists(there) && there.getParent() != null) {
            there = there.getParent();
        }
        long usable = host.freeBytes().applyAsLong(there);
        String text = directory + ", " + gibibytes(usable) + " free";
        return usable >= least && Files.isWritable(there)
                ? Finding.ok(topic, text)
                : Finding.missing(topic, text, "make it writable, with " + gibibytes(least) + " free at least");
    }

    /** Ranks and driver must reach each other at the host's own address, on ports that the system picks. */
    private Finding network() {
        try {
            InetAddress own = host.address();
            try (ServerSocket door = new ServerSocket(0, 1, own);
                    Socket visitor = new Socket()) {
                visitor.connect(door.getLocalSocketAddress(), CONNECT_MILLIS);
            }
            return Finding.ok("network", own + " listens and answers");
        } catch (IOException e) {
            return Finding.missing(
                    "network",
                    "this host cannot reach itself by "
                            + host.variable(Host.LOCAL_ADDRESS)
                                    .map(address -> "SPARK_LOCAL_IP " + address)
                                    .orElse("its own name")
                            + ": " + e.getMessage(),
                    "mend its name in /etc/hosts, or set SPARK_LOCAL_IP to an address that the others reach");
        }
    }

    private static Finding found(String topic, String remedy, Supplier<String> look) {
        try {
            return Finding.ok(topic, look.get());
        } catch (StageFailure e) {
            return Finding.missing(topic, e.getMessage(), remedy);
        }
    }

    private static Stream<String> names(Path directory) {
        String[] names = directory.toFile().list();
        return names == null ? Stream.empty() : Stream.of(names).sorted();
    }

    private static String gibibytes(long bytes) {
        return String.format(Locale.ROOT, "%.1f GiB", (double) bytes / GIBIBYTE);
    }
}
