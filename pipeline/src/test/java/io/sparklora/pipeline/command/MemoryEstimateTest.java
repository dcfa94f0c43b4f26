package io.sparklora.pipeline.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.pipeline.basemodel.TinyModels;
import io.sparklora.pipeline.config.RunConfig;
import io.sparklora.pipeline.registry.RunDirectory;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class MemoryEstimateTest {
    @TempDir
    private Path directory;

    private MemoryEstimate estimate(int executors) {
        RunConfig config = new RunDirectory(directory)
                .context("lora.targets=q_proj", "train.executors=" + executors)
                .config();
        try (BaseModel base = BaseModel.open(TinyModels.huggingFaceDirectory(directory.resolve("base"), 1))) {
            return MemoryEstimate.of(config, base);
        }
    }

    /** r (in + out) numbers of each of two layers, 8 bytes each. */
    @Test
    void aRankWithASuccessorMayHaveToKeepAWholeSum() {
        long sum = 8 * (8 * (32 + 32) * 2);
        assertThat(estimate(2).ownBytes() - estimate(1).ownBytes()).isEqualTo(sum);
        assertThat(estimate(8).ownBytes()).isEqualTo(estimate(2).ownBytes());
    }
}
