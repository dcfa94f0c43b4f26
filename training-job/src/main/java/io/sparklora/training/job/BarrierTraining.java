package io.sparklora.training.job;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.run.Storage;
import io.sparklora.training.checkpoint.Checkpoints;
import io.sparklora.training.checkpoint.TrainingState;
import io.sparklora.training.job.RankOutcome.Failed;
import io.sparklora.training.job.RankOutcome.Origin;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.BarrierTaskContext;
import org.apache.spark.SparkException;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.util.SerializableConfiguration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.collection.Iterator;
import scala.reflect.ClassTag;
import scala.reflect.ClassTag$;
import scala.runtime.AbstractFunction1;

/**
 * The driver's side of a run: attempt after attempt, each a barrier job of one rank an executor that starts from the
 * newest checkpoint, until all steps are made.
 *
 * <p>Spark does not retry a failed barrier stage, and should not: the executors that are left are another world. An
 * attempt that was lost with an executor, a peer or the storage is followed by another on the executors that are there;
 * the result is the same bytes. {@value #FRUITLESS_ATTEMPTS} attempts in a row without a new checkpoint end the run. A
 * rank's own permanent fault ends it at once.
 */
public final class BarrierTraining {
    private static final Logger LOG = LoggerFactory.getLogger(BarrierTraining.class);
    private static final int FRUITLESS_ATTEMPTS = 4;
    private static final ExecutorSlots SLOTS = new ExecutorSlots(Duration.ofSeconds(20), Duration.ofMinutes(5));

    private final JavaSparkContext spark;
    private final TrainingSpec spec;
    private final ProgramFactory factory;
    private final int executors;
    private final TrainingListener listener;
    private final String run;
    private final AtomicBoolean stopped = new AtomicBoolean();

    /**
     * Plans a run on a Spark context with the settings of {@link TrainingSparkSettings}.
     *
     * @param executors ranks wanted, at least 1
     */
    public BarrierTraining(
            JavaSparkContext spark,
            TrainingSpec spec,
            ProgramFactory factory,
            int executors,
            TrainingListener listener) {
        this.spark = spark;
        this.spec = spec;
        this.factory = factory;
        this.executors = executors;
        this.listener = listener;
        this.run = "train-" + UUID.randomUUID();
    }

    /**
     * Trains to the end of the plan or of the patience, or finds it reached.
     *
     * @return the state after the last step
     * @throws StageFailure with the exit code of what ended the run
     */
    public TrainingState run() {
        Storage storage = new Storage(spark.hadoopConfiguration());
        Checkpoints checkpoints = spec.openCheckpoints(storage);
        String host = spark.getConf().get("spark.driver.host");
        String bindAddress = spark.getConf().get("spark.driver.bindAddress", host);
        try (ProgressServer progress = ProgressServer.start(bindAddress, host, listener::stepMade)) {
            long reached = -1;
            int fruitless = 0;
            for (int attempt = 0; ; attempt++) {
                int world = SLOTS.await(spark.sc(), executors);
                TrainingState from =
                        checkpoints.latest().orElseGet(() -> TrainingState.initial(factory.initialParameters(storage)));
                refuseIfStopped();
                if (spec.isOver(from.history())) {
                    return from;
                }
                fruitless = from.step() > reached ? 0 : fruitless + 1;
                reached = from.step();
                Optional<String> lost = attempt(attempt, world, from, progress.address());
                if (lost.isPresent() && fruitless + 1 >= FRUITLESS_ATTEMPTS) {
                    throw new StageFailure(
                            ExitCode.RETRYABLE,
                            FRUITLESS_ATTEMPTS + " attempts in a row got no further than step " + reached
                                    + "; the last one: " + lost.get());
                }
                lost.ifPresent(listener::attemptLost);
            }
        }
    }

    /** Makes {@link #run()} fail as retryable, on its own thread, once the ranks have let go; for any thread. */
    public void stop() {
        stopped.set(true);
        if (!spark.sc().isStopped()) {
            spark.cancelJobGroup(run);
        }
    }

    private void refuseIfStopped() {
        if (stopped.get()) {
            throw new StageFailure(
                    ExitCode.RETRYABLE, "training was stopped; the same command goes on from the last checkpoint");
        }
    }

    /** Makes one attempt; says why it was lost, if it was. */
    private Optional<String> attempt(int attempt, int world, TrainingState from, ProgressAddress progress) {
        listener.attemptStarted(world, from);
        RankTask task = new RankTask(
                run,
                attempt,
                from.step(),
                spec,
                factory,
                new SerializableConfiguration(spark.hadoopConfiguration()),
                progress);
        try {
            return judge(submit(task, world));
        } catch (StageFailure e) {
            throw e;
        } catch (Exception e) {
            // Spark's exceptions are checked in Java and undeclared in Scala.
            refuseIfStopped();
            if (!(e instanceof SparkException failure) || spark.sc().isStopped() || isCancelled(failure)) {
                throw new StageFailure(ExitCode.RETRYABLE, "training was stopped: " + LossReason.of(e), e);
            }
            LOG.warn("attempt {} was lost", attempt, e);
            return Optional.of(LossReason.of(e));
        }
    }

    private static boolean isCancelled(SparkException e) {
        return "SPARK_JOB_CANCELLED".equals(e.getCondition());
    }

    private List<RankOutcome> submit(RankTask task, int world) {
        spark.setJobGroup(run, "train on " + world + " executors from step " + task.startStep(), true);
        List<Integer> ranks = IntStream.range(0, world).boxed().toList();
        ClassTag<RankOutcome> outcome = ClassTag$.MODULE$.apply(RankOutcome.class);
        return Stream.of((RankOutcome[]) spark.parallelize(ranks, world)
                        .rdd()
                        .barrier()
                        .mapPartitions(new RankFunction(task), false, outcome)
                        .collect())
                .sorted(Comparator.comparingInt(RankOutcome::rank))
                .toList();
    }

    /** What an attempt came to: nothing to report, or why it was lost; a permanent fault is thrown. */
    private static Optional<String> judge(List<RankOutcome> outcomes) {
        List<Failed> failures = outcomes.stream()
                .filter(Failed.class::isInstance)
                .map(Failed.class::cast)
                .sorted(Comparator.comparing((Failed failed) -> failed.exitCode() == ExitCode.RETRYABLE)
                        .thenComparing(failed -> failed.origin() == Origin.PEER))
                .toList();
        if (failures.isEmpty()) {
            return Optional.empty();
        }
        Failed first = failures.get(0);
        if (first.exitCode() != ExitCode.RETRYABLE) {
            throw new StageFailure(first.exitCode(), first.message());
        }
        return Optional.of(first.message());
    }

    /** The barrier stage's function. */
    private static final class RankFunction extends AbstractFunction1<Iterator<Integer>, Iterator<RankOutcome>>
            implements java.io.Serializable {
        private static final long serialVersionUID = 1L;

        private final RankTask task;

        RankFunction(RankTask task) {
            this.task = task;
        }

        @Override
        public Iterator<RankOutcome> apply(Iterator<Integer> partition) {
            return scala.jdk.javaapi.CollectionConverters.asScala(
                    List.of(task.run(BarrierTaskContext.get())).iterator());
        }
    }
}
