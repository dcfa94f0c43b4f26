package io.sparklora.pipeline.adapter;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What a processor can do beyond its architecture's least.
 *
 * @param names of the first processor's features, as Linux calls them; the set is copied; empty where they are unknown
 */
public record ProcessorFeatures(Set<String> names) {
    private static final Path LINUX = Path.of("/proc/cpuinfo");
    private static final List<String> BF16_PRODUCTS = List.of("avx512_bf16", "amx_bf16");

    /** Copies the set. */
    public ProcessorFeatures {
        names = Set.copyOf(names);
    }

    /** Those of this host. */
    public static ProcessorFeatures ofHost() {
        return read(LINUX);
    }

    /** Those that a file in the form of Linux' {@code /proc/cpuinfo} tells; none where there is no such file. */
    public static ProcessorFeatures read(Path file) {
        try {
            return Files.readAllLines(file).stream()
                    .filter(line -> line.matches("(flags|Features)\\s*:.*"))
                    .findFirst()
                    .map(line -> new ProcessorFeatures(new HashSet<>(
                            List.of(line.replaceFirst("[^:]*:\\s*", "").split(" +")))))
                    .orElse(new ProcessorFeatures(Set.of()));
        } catch (IOException e) {
            // Another operating system.
            return new ProcessorFeatures(Set.of());
        }
    }

    /** Whether PyTorch's bf16 products are faster than fp32's: x86 with AVX512-BF16 or AMX-BF16. */
    public boolean multipliesBf16() {
        return BF16_PRODUCTS.stream().anyMatch(names::contains);
    }
}
