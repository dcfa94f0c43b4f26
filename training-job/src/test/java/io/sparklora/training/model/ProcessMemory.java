package io.sparklora.training.model;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What Linux says of this process's memory (proc(5), {@code /proc/self/status}). */
final class ProcessMemory {
    private ProcessMemory() {}

    /** A figure in KiB, such as {@code VmRSS}, the resident set, or {@code VmHWM}, the largest it ever was. */
    static long kibibytes(String figure) throws IOException {
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith(figure + ":"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
                .findFirst()
                .orElseThrow();
    }
}
