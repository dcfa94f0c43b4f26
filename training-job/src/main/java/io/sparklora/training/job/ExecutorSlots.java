package io.sparklora.training.job;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import java.time.Duration;
import java.util.Arrays;
import java.util.Set;
import org.apache.spark.SparkContext;
import scala.jdk.javaapi.CollectionConverters;

/**
 * Counts the executors that are free. A lost one is usually replaced within seconds, so a plan waits a little for all
 * of them and then makes do with what is left.
 *
 * @param patience how long to wait for all that were asked for, once one is free
 * @param deadline how long to wait for the first
 */
record ExecutorSlots(Duration patience, Duration deadline) {
    private static final Duration POLL = Duration.ofMillis(200);

    /**
     * At most {@code wanted}, at least 1.
     *
     * @param leaving executors that are about to end, which are waited for to be gone
     * @param refusal throws where waiting is to end
     */
    int await(SparkContext spark, int wanted, Set<String> leaving, Runnable refusal) {
        long start = System.nanoTime();
        long first = start;
        while (true) {
            refusal.run();
            int free = count(spark);
            first = free == 0 ? System.nanoTime() : first;
            boolean patient = since(first).compareTo(patience) < 0;
            int there = patient && isAnyThere(spark, leaving) ? 0 : free;
            if (there >= wanted || (there > 0 && !patient)) {
                return Math.min(there, wanted);
            }
            if (free == 0 && since(start).compareTo(deadline) >= 0) {
                throw new StageFailure(
                        ExitCode.RETRYABLE, "no executor came within " + deadline.toSeconds() + " seconds");
            }
            pause();
        }
    }

    private static Duration since(long nanos) {
        return Duration.ofNanos(System.nanoTime() - nanos);
    }

    private static boolean isAnyThere(SparkContext spark, Set<String> executors) {
        return !executors.isEmpty()
                && CollectionConverters.asJava(spark.getExecutorIds()).stream().anyMatch(executors::contains);
    }

    /**
     * Executors without a task, as one of an attempt that was lost may still be winding down; but no more than Spark would
     * use, which leaves out those that it has given up or that are about to leave.
     */
    private static int count(SparkContext spark) {
        return (int) Math.min(idle(spark), usable(spark));
    }

    /** Executors that Spark would use and that have no task, beside {@code world} that have one. */
    static int unused(SparkContext spark, int world) {
        return (int) Math.max(0, Math.min(idle(spark), usable(spark) - world));
    }

    /** In local mode the driver is the only executor; elsewhere it is listed beside them and runs no tasks. */
    private static long idle(SparkContext spark) {
        long idle = Arrays.stream(spark.statusTracker().getExecutorInfos())
                .filter(executor -> executor.numRunningTasks() == 0)
                .count();
        return spark.isLocal() ? idle : idle - 1;
    }

    private static int usable(SparkContext spark) {
        return spark.maxNumConcurrentTasks(spark.resourceProfileManager().defaultResourceProfile());
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
