package io.sparklora.pipeline.adapter;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparklora.pipeline.config.BaseConfig.Compute;
import io.sparklora.pipeline.config.BaseConfig.Dtype;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ComputeTypeTest {
    @TempDir
    private Path directory;

    @Test
    void seesTheInstructionsInTheProcessorsFlags() throws IOException {
        assertThat(ComputeType.multipliesBf16(flags("fpu avx512f avx512_bf16 amx_tile")))
                .isTrue();
        assertThat(ComputeType.multipliesBf16(flags("fpu avx512f amx_bf16"))).isTrue();
        assertThat(ComputeType.multipliesBf16(flags("fpu avx512f avx512_vnni"))).isFalse();
        assertThat(ComputeType.multipliesBf16(directory.resolve("absent"))).isFalse();
    }

    private Path flags(String flags) throws IOException {
        return Files.writeString(directory.resolve("cpuinfo"), "processor\t: 0\nflags\t\t: " + flags + "\nbugs\t\t:\n");
    }

    @Test
    void computesInFp32WhereWeightsAreStoredSo() {
        assertThat(ComputeType.ofProcessor(Dtype.FP32)).isEqualTo(ComputeType.FP32);
    }

    @Test
    void isWhatTheConfigurationNames() {
        assertThat(ComputeType.named(Compute.BF16)).contains(ComputeType.BF16);
        assertThat(ComputeType.named(Compute.FP32)).contains(ComputeType.FP32);
        assertThat(ComputeType.named(Compute.AUTO)).isEmpty();
    }
}
