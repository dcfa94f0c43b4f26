package io.sparklora.training.job;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.run.Storage;
import io.sparklora.training.checkpoint.Checkpoints;
import io.sparklora.training.checkpoint.TrainingState;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.BarrierTaskContext;
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
 * the result is the same bytes. {@link Attempts} says when there have been enough; a rank's own permanent fault ends the
 * run at once.
 */
public final class BarrierTraining {
    private static final Logger LOG = LoggerFactory.getLogger(BarrierTraining.class);

    private final JavaSparkContext spark;
    private final TrainingSpec spec;
    private final ProgramFactory factory;
    private final DriverSettings settings;
    private final TrainingListener listener;
    private final String run;
    private final AtomicBoolean stopped = new AtomicBoolean();
    private volatile Optional<ProgressServer> progress = Optional.empty();

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
        this(spark, spec, factory, DriverSettings.of(executors), listener);
    }

    /** As with a number of executors alone, with waits and ports of one's own. */
    public BarrierTraining(
            JavaSparkContext spark,
            TrainingSpec spec,
            ProgramFactory factory,
            DriverSettings settings,
            TrainingListener listener) {
        this.spark = spark;
        this.spec = spec;
        this.factory = factory;
        this.settings = settings;
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
        Attempts attempts = Attempts.NONE;
        for (int attempt = 0; ; attempt++) {
            int world = settings.slots(attempt)
                    .await(spark.sc(), settings.executors(), attempts.leaving(), this::refuseIfStopped);
            TrainingState from =
                    checkpoints.latest().orElseGet(() -> TrainingState.initial(factory.initialParameters(storage)));
            refuseIfStopped();
            if (spec.isOver(from.history())) {
                return from;
            }
            attempts = attempts.started(from.step());
            AttemptEnd end = attempt(attempt, world, from);
            if (end.lost().isEmpty()) {
                return ended(checkpoints);
            }
            attempts = attempts.ended(
                    end, () -> checkpoints.latest().map(TrainingState::step).orElse(0L));
            listener.attemptLost(end.lost().get());
        }
    }

    /** What the ranks saved when they had made all steps. */
    private TrainingState ended(Checkpoints checkpoints) {
        return checkpoints
                .latest()
                .filter(state -> spec.isOver(state.history()))
                .orElseThrow(() -> new StageFailure(
                        ExitCode.RETRYABLE,
                        "the ranks made all steps, but the last checkpoint in " + spec.checkpoints()
                                + " cannot be read back; the log says why"));
    }

    /**
     * Asks the ranks to save their state and stop after the step that they are in, and makes {@link #run()} fail as
     * retryable, on its own thread, when they have; for any thread.
     */
    public void leave() {
        stopped.set(true);
        progress.ifPresent(ProgressServer::askToLeave);
    }

    /** As {@link #leave()}, at once and without saving. */
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

    private AttemptEnd attempt(int attempt, int world, TrainingState from) {
        listener.attemptStarted(world, from);
        String host = spark.getConf().get("spark.driver.host");
        String bindAddress = spark.getConf().get("spark.driver.bindAddress", host);
        try (ProgressServer server = ProgressServer.start(settings.ports(), bindAddress, host, listener::stepMade);
                AttemptWatch watch = AttemptWatch.start(spark.sc(), world, settings.executors(), server::askToLeave)) {
            progress = Optional.of(server);
            refuseIfStopped();
            return attempt(attempt, world, from, server.address(), watch);
        }
    }

    private AttemptEnd attempt(
            int attempt, int world, TrainingState from, ProgressAddress progressAddress, AttemptWatch watch) {
        RankTask task = new RankTask(
                run,
                attempt,
                from.step(),
                spec,
                factory,
                new SerializableConfiguration(spark.hadoopConfiguration()),
                progressAddress);
        List<RankOutcome> outcomes;
        try {
            outcomes = submit(task, world);
        } catch (Exception e) {
            // Spark's exceptions are checked in Java and undeclared in Scala.
            AttemptEnd end = AttemptEnd.of(e, () -> refuseAfter(e));
            LOG.warn("attempt {} was lost", attempt, e);
            return end;
        }
        return AttemptEnd.of(outcomes, watch.why(), this::refuseIfStopped);
    }

    private void refuseAfter(Exception e) {
        refuseIfStopped();
        if (spark.sc().isStopped()) {
            throw AttemptEnd.stopped(e);
        }
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
