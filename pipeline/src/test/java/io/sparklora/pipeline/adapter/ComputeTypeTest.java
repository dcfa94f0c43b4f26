package io.sparklora.pipeline.adapter;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparklora.pipeline.config.BaseConfig.Compute;
import io.sparklora.pipeline.config.BaseConfig.Dtype;
import org.junit.jupiter.api.Test;

final class ComputeTypeTest {
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
