package io.sparklora.training.job;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.adapter.Arithmetic;
import io.sparklora.pipeline.adapter.ComputeType;
import io.sparklora.pipeline.adapter.DeviceType;
import io.sparklora.training.job.RankOutcome.Failed;
import io.sparklora.training.job.RankOutcome.Origin;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RankTaskTest {
    private static RankCard ready(int rank, String executor) {
        return ready(rank, executor, new Arithmetic(DeviceType.CPU, ComputeType.FP32));
    }

    private static RankCard ready(int rank, String executor, Arithmetic arithmetic) {
        return new RankCard(rank, executor, "host", List.of(1000 + rank), "", Optional.of(arithmetic), "");
    }

    @Test
    void goesOnWhereEachRankHasAnExecutorOfItsOwn() {
        assertThat(RankTask.hopeless(0, List.of(ready(0, "7"), ready(1, "8")))).isEmpty();
    }

    @Test
    void refusesRanksThatMultiplyDifferently() {
        Arithmetic other = new Arithmetic(DeviceType.GPU, ComputeType.BF16);
        assertThat(RankTask.hopeless(1, List.of(ready(0, "7"), ready(1, "8"), ready(2, "9", other))))
                .contains(new Failed(
                        1,
                        Origin.OWN,
                        ExitCode.USAGE,
                        "executors multiply differently: rank 0 in fp32 on cpu but rank 2 in bf16 on gpu: set"
                                + " base.compute and base.device, or use executors of one hardware kind"));
    }

    @Test
    void namesTheRankThatIsNotReady() {
        assertThat(RankTask.hopeless(0, List.of(ready(0, "7"), RankCard.failed(1, "8", "no such file"))))
                .contains(new Failed(0, Origin.PEER, ExitCode.RETRYABLE, "rank 1 is not ready: no such file"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "[enforce fail at alloc_cpu.cpp:117] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to"
                        + " allocate 1048576 bytes. Error code 12 (Cannot allocate memory)\nmore",
                "CUDA out of memory. Tried to allocate 20.00 MiB."
            })
    void saysThatTheModelRanOutOfMemory(String engine) {
        StageFailure failure = RankTask.asFailure(3, new IllegalStateException(engine));
        assertThat(failure.exitCode()).isEqualTo(ExitCode.RETRYABLE);
        assertThat(failure)
                .hasMessageStartingWith("rank 3 ran out of memory in the model: "
                        + engine.lines().findFirst().orElseThrow())
                .hasMessageEndingWith("; raise spark.executor.memoryOverhead, or train smaller micro-batches");
    }

    @Test
    void takesAnyOtherExceptionForAFaultThatStays() {
        assertThat(RankTask.asFailure(3, new IllegalStateException("a bug")).exitCode())
                .isEqualTo(ExitCode.INTERNAL);
    }

    @Test
    void asksForTheSettingThatGivesEachRankAnExecutor() {
        assertThat(RankTask.hopeless(1, List.of(ready(0, "7"), ready(1, "7"))))
                .hasValueSatisfying(outcome -> assertThat(outcome).isInstanceOfSatisfying(Failed.class, failed -> {
                    assertThat(failed.exitCode()).isEqualTo(ExitCode.USAGE);
                    assertThat(failed.message())
                            .contains("2 ranks were placed on 1 executors")
                            .contains("spark.task.cpus");
                }));
    }
}
