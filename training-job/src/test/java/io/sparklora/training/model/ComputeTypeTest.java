package io.sparklora.training.model;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
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
        assertThat(ComputeType.cpuMultipliesBf16(flags("fpu avx512f avx512_bf16 amx_tile")))
                .isTrue();
        assertThat(ComputeType.cpuMultipliesBf16(flags("fpu avx512f amx_bf16"))).isTrue();
        assertThat(ComputeType.cpuMultipliesBf16(flags("fpu avx512f avx512_vnni")))
                .isFalse();
        assertThat(ComputeType.cpuMultipliesBf16(directory.resolve("absent"))).isFalse();
    }

    private Path flags(String flags) throws IOException {
        return Files.writeString(directory.resolve("cpuinfo"), "processor\t: 0\nflags\t\t: " + flags + "\nbugs\t\t:\n");
    }

    @Test
    void computesInFp32WhereWeightsAreStoredSo() {
        assertThat(ComputeType.fastest(WeightType.FP32, Device.cpu())).isEqualTo(ComputeType.FP32);
        assertThat(ComputeType.fastest(WeightType.FP32, Device.gpu())).isEqualTo(ComputeType.FP32);
        assertThat(ComputeType.fastest(WeightType.BF16, Device.gpu())).isEqualTo(ComputeType.BF16);
    }
}
