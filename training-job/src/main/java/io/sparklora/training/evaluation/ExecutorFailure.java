package io.sparklora.training.evaluation;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.basemodel.InvalidBaseModelException;

/** What a failed Spark job means to the user: the first failure of ours in the chain of causes, else a fault of the cluster. */
final class ExecutorFailure {
    private ExecutorFailure() {}

    static StageFailure of(String stage, Exception job) {
        for (Throwable cause = job; cause != null; cause = cause.getCause()) {
            if (cause instanceof StageFailure ours) {
                return ours;
            }
            if (cause instanceof InvalidBaseModelException invalid) {
                return new StageFailure(ExitCode.MISMATCH, String.valueOf(invalid.getMessage()), invalid);
            }
        }
        String first = String.valueOf(job.getMessage()).lines().findFirst().orElse("");
        return new StageFailure(ExitCode.RETRYABLE, stage + " failed on an executor: " + first, job);
    }
}
