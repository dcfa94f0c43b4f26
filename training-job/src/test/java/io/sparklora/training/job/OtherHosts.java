package io.sparklora.training.job;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.OffsetDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * Drivers and executors that take this host for others: each with a name and an address of its own, or with a clock that
 * is hours or days off. A script in the place of java changes what executors are started with. What is returned are
 * options for the JVM of a driver.
 */
final class OtherHosts {
    private static final int MOST_EXECUTORS = 32;

    /** In its middle are changes to {@code arguments}, which may ask for the executor's {@code id}. */
    private static final String SCRIPT = """
            #!/usr/bin/env bash
            # Executors are started with: java OPTIONS CLASS ... --executor-id ID --hostname NAME ...
            set -euo pipefail
            arguments=()
            while [ $# -gt 0 ]; do
              if [ "$1" = --executor-id ]; then id=$2; fi
              arguments+=("$1")
              shift
            done
            %s
            exec '%s' "${arguments[@]}"
            """;

    private OtherHosts() {}

    /**
     * Names below a domain, and addresses of 127.0.0.0/8, of which every one is this host.
     *
     * @param directory for the script, created
     * @param network second number of the addresses, in [1, 255]
     */
    static List<String> named(Path directory, String domain, int network) throws IOException {
        String address = "127." + network + ".0.";
        List<String> hosts = new ArrayList<>();
        hosts.add("127.0.0.1 localhost " + InetAddress.getLocalHost().getHostName());
        hosts.add(address + "1 driver." + domain);
        for (int executor = 0; executor < MOST_EXECUTORS; executor++) {
            hosts.add(address + (executor + 2) + " executor-" + executor + "." + domain);
        }
        Files.createDirectories(directory);
        String hostsFile = "-Djdk.net.hosts.file="
                + Files.write(directory.resolve("hosts"), hosts).toAbsolutePath();
        List<String> options = new ArrayList<>(startedBy(directory, """
                for at in "${!arguments[@]}"; do
                  if [ "${arguments[at]}" = --hostname ]; then arguments[at + 1]="executor-$id.%s"; fi
                done
                arguments=('%s' "${arguments[@]}")""".formatted(domain, hostsFile)));
        options.add(hostsFile);
        options.add("-Dspark.driver.host=driver." + domain);
        return options;
    }

    /**
     * Clocks of executors with even and odd ids.
     *
     * @param library libfaketime's, to be preloaded
     * @param even such as {@code +7h} or {@code -9d}
     */
    static List<String> withClocks(Path directory, Path library, String even, String odd) throws IOException {
        Files.createDirectories(directory);
        return startedBy(directory, """
                # Only the time of day: what a JVM waits for is on the monotonic clock.
                export LD_PRELOAD='%s' FAKETIME_DONT_FAKE_MONOTONIC=1 FAKETIME_FORCE_MONOTONIC_FIX=0
                if [ $((id %% 2)) -eq 0 ]; then export FAKETIME=%s; else export FAKETIME=%s; fi
                arguments=("-Xlog:gc+init:file=%s/clock-$id.log:utctime" "${arguments[@]}")""".formatted(library, even, odd, directory));
    }

    private static List<String> startedBy(Path directory, String changes) throws IOException {
        Path java = Files.createDirectories(directory.resolve("bin")).resolve("java");
        Files.writeString(java, SCRIPT.formatted(changes, Path.of(System.getProperty("java.home"), "bin", "java")));
        Files.setPosixFilePermissions(java, PosixFilePermissions.fromString("rwxr-xr-x"));
        return List.of("-Dspark.executorEnv.JAVA_HOME=" + directory);
    }

    /** When each executor that was started {@link #withClocks} thought that it began. */
    static List<OffsetDateTime> clocks(Path directory) throws IOException {
        DateTimeFormatter format = DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSSxx", Locale.ROOT);
        List<OffsetDateTime> clocks = new ArrayList<>();
        try (Stream<Path> files = Files.list(directory)) {
            for (Path log : files.filter(file -> file.getFileName().toString().startsWith("clock-"))
                    .toList()) {
                String line = Files.readAllLines(log).get(0);
                clocks.add(OffsetDateTime.parse(line.substring(1, line.indexOf(']')), format));
            }
        }
        return clocks;
    }
}
