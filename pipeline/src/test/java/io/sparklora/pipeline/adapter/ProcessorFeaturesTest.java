package io.sparklora.pipeline.adapter;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ProcessorFeaturesTest {
    @TempDir
    private Path directory;

    @Test
    void seesTheInstructionsInTheProcessorsFlags() throws IOException {
        assertThat(of("flags\t\t: fpu avx512f avx512_bf16 amx_tile").multipliesBf16())
                .isTrue();
        assertThat(of("flags\t\t: fpu avx512f amx_bf16").multipliesBf16()).isTrue();
        assertThat(of("flags\t\t: fpu avx512f avx512_vnni").multipliesBf16()).isFalse();
        assertThat(of("Features\t: fp asimd bf16").names()).containsExactlyInAnyOrder("fp", "asimd", "bf16");
    }

    @Test
    void knowsNoneWhereNoFileTellsThem() throws IOException {
        assertThat(ProcessorFeatures.read(directory.resolve("absent")).names()).isEmpty();
        assertThat(of("model name\t: Example").names()).isEmpty();
    }

    private ProcessorFeatures of(String line) throws IOException {
        return ProcessorFeatures.read(
                Files.writeString(directory.resolve("cpuinfo"), "processor\t: 0\n" + line + "\nbugs\t\t:\n"));
    }
}
