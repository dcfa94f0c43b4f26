package io.sparklora.training.job;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import java.time.Duration;
import java.util.Arrays;
import org.apache.spark.SparkContext;
import org.apache.spark.SparkExecutorInfo;

/**
 * Counts the executors that are free. A lost one is usually replaced within seconds, so a plan waits a little for all
 * of them and then makes do with what is left.
 *
 * @param patience how long to wait for all that were asked for, once there is one
 * @param deadline how long to wait for the first
 */
record ExecutorSlots(Duration patience, Duration deadline) {
    private static final Duration POLL = Duration.ofMillis(200);

    /** At most {@code wanted}, at least 1. */
    int await(SparkContext spark, int wanted) {
        long start = System.nanoTime();
        while (true) {
            int there = count(spark);
            Duration waited = Duration.ofNanos(System.nanoTime() - start);
            if (there >= wanted || (there > 0 && waited.compareTo(patience) >= 0)) {
                return Math.min(there, wanted);
            }
            if (waited.compareTo(deadline) >= 0) {
                throw new StageFailure(
                        ExitCode.RETRYABLE, "no executor came within " + deadline.toSeconds() + " seconds");
            }
            pause();
        }
    }

    /**
     * Executors without a task, as one of an attempt that was lost may still be winding down; but no more than Spark would
     * use, which leaves out those that it has given up or that are about to leave. In local mode the driver is the only
     * executor; elsewhere it is listed beside them and runs no tasks.
     */
    static int count(SparkContext spark) {
        SparkExecutorInfo[] all = spark.statusTracker().getExecutorInfos();
        long idle = Arrays.stream(all)
                .filter(executor -> executor.numRunningTasks() == 0)
                .count();
        long free = spark.isLocal() ? idle : idle - 1;
        return (int) Math.min(
                free, spark.maxNumConcurrentTasks(spark.resourceProfileManager().defaultResourceProfile()));
    }

    private static void pause() {
        try {
            Thread.sleep(POLL.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StageFailure(ExitCode.RETRYABLE, "interrupted while waiting for executors", e);
        }
    }
}
