package io.sparklora.training.job;

import static org.assertj.core.api.Assertions.assertThat;

import org.apache.spark.SparkException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LossReasonTest {
    private static final String FAILED_STAGE =
            "Job aborted due to stage failure: Could not recover from a failed barrier"
                    + " ResultStage. Most recent failure reason: Stage failed because barrier task ResultTask(3, 1) finished"
                    + " unsuccessfully.\n";

    private static String of(String message) {
        return LossReason.of(new SparkException(message));
    }

    /** The reasons of standalone, Kubernetes and YARN clusters. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "Executor heartbeat timed out after 25878 ms | after 25878 ms",
                "Command exited with code 1 | with code 1",
                "Command exited with code 52 | raise spark.executor.memory",
                "Command exited with code 137 | raise spark.executor.memoryOverhead, or train smaller micro-batches",
                "The executor with id 1 exited with exit code 137(SIGKILL, possible container OOM). | micro-batches",
                "Container from a bad node: container_1 on host: h. Exit status: 137. Diagnostics: [] | micro-batches",
                "Container killed by YARN for exceeding physical memory limits. 5 GB of 5 GB used. | micro-batches",
            })
    void saysWhichExecutorWasLostAndWhatToDo(String reason, String end) {
        assertThat(of(FAILED_STAGE
                        + "ExecutorLostFailure (executor 7 exited caused by one of the running tasks) Reason: " + reason
                        + "\nDriver stacktrace:"))
                .startsWith("executor 7 was lost: " + reason)
                .endsWith(end);
    }

    @Test
    void saysWhyATaskFailed() {
        assertThat(of(FAILED_STAGE + "io.x.CollectiveException: rank 1 waited 600 s for rank 0\n\tat io.x.Ring.await"))
                .isEqualTo("io.x.CollectiveException: rank 1 waited 600 s for rank 0");
        assertThat(of("Job 7 cancelled\nbecause so")).isEqualTo("Job 7 cancelled");
        assertThat(LossReason.of(new IllegalStateException())).isEqualTo("java.lang.IllegalStateException");
    }
}
