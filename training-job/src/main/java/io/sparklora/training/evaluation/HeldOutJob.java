package io.sparklora.training.evaluation;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.training.model.HostModel;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.util.LongAccumulator;
import org.apache.spark.util.SerializableConfiguration;

/**
 * The Spark job that measures base and candidates on a token dataset's validation split. Micro-batch losses come back
 * with their numbers and are added in the order of the numbers, in binary64: equal bits for any number of tasks and
 * executors (same hardware kind and threads a task).
 *
 * @param dataset qualified location of the token dataset
 * @param batches the numbered work
 * @param tasks how many tasks share it, one an executor; at least 1
 * @param host the base model on each host
 * @param baseHash what the base model must be
 */
record HeldOutJob(String dataset, HeldOutBatches batches, int tasks, HostModel host, String baseHash) {
    /** Checks the number of tasks; more than micro-batches are not needed. */
    HeldOutJob {
        if (tasks < 1) {
            throw new IllegalArgumentException("an evaluation needs at least 1 task but was given " + tasks);
        }
        tasks = Math.min(tasks, batches.count());
    }

    /**
     * Runs the job.
     *
     * @param progress told of the losses computed so far, from another thread
     * @return the losses of the base and then of each candidate
     * @throws StageFailure with the exit code of what failed first on an executor; {@link ExitCode#RETRYABLE} where that
     *     was none of ours; {@link ExitCode#DIVERGED} where a loss is not finite
     */
    List<HeldOutLoss> run(JavaSparkContext spark, List<Candidate> candidates, Progress progress) {
        LongAccumulator done = spark.sc().longAccumulator("evaluate: losses computed");
        HeldOutTask task = new HeldOutTask(
                new SerializableConfiguration(spark.hadoopConfiguration()),
                dataset,
                batches,
                tasks,
                host,
                baseHash,
                spark.broadcast(new ArrayList<>(candidates)),
                done);
        List<Integer> numbers = IntStream.range(0, tasks).boxed().toList();
        TaskCounts counts = new TaskCounts(done.id(), progress);
        spark.sc().addSparkListener(counts);
        try {
            spark.setJobDescription("held-out losses of " + (candidates.size() + 1) + " models");
            List<BatchLosses> losses =
                    spark.parallelize(numbers, tasks).flatMap(task).collect();
            return summed(losses, candidates);
        } catch (StageFailure e) {
            throw e;
        } catch (Exception e) {
            // Spark's own exceptions are checked ones that Java's compiler does not know of.
            throw ExecutorFailure.of("evaluate", e);
        } finally {
            spark.sc().removeSparkListener(counts);
        }
    }

    /** Adds up in the order of the numbers. */
    private List<HeldOutLoss> summed(List<BatchLosses> losses, List<Candidate> candidates) {
        List<BatchLosses> ordered = losses.stream()
                .sorted(Comparator.comparingInt(BatchLosses::number))
                .toList();
        long supervised = 0;
        double[] sums = new double[candidates.size() + 1];
        for (int number = 0; number < batches.count(); number++) {
            BatchLosses batch = ordered.get(number);
            supervised += batch.supervisedTokens();
            for (int model = 0; model < sums.length; model++) {
                sums[model] += finite(batch, model, candidates);
            }
        }
        List<HeldOutLoss> means = new ArrayList<>();
        for (double sum : sums) {
            means.add(new HeldOutLoss(sum, supervised));
        }
        return List.copyOf(means);
    }

    private static double finite(BatchLosses batch, int model, List<Candidate> candidates) {
        double sum = batch.sums().get(model);
        if (!Double.isFinite(sum)) {
            String name =
                    model == 0 ? "the base model" : candidates.get(model - 1).name();
            throw new StageFailure(
                    ExitCode.DIVERGED,
                    "the loss of " + name + " on held-out micro-batch " + batch.number() + " is " + sum);
        }
        return sum;
    }

    /** Who is told how far the job is. */
    @FunctionalInterface
    interface Progress {
        /** So many losses are computed over all tasks, one a micro-batch and model. */
        void computed(long losses);
    }
}
