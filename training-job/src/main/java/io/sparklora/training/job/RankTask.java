package io.sparklora.training.job;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.run.Json;
import io.sparklora.training.checkpoint.BackgroundCheckpoints;
import io.sparklora.training.collective.Collective;
import io.sparklora.training.collective.CollectiveException;
import io.sparklora.training.job.RankOutcome.Failed;
import io.sparklora.training.job.RankOutcome.Finished;
import io.sparklora.training.job.RankOutcome.Left;
import io.sparklora.training.job.RankOutcome.Origin;
import io.sparklora.training.job.TrainingLoop.End;
import io.sparklora.training.model.TaskGpu;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.hadoop.fs.Path;
import org.apache.spark.BarrierTaskContext;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskKilledException;
import org.apache.spark.util.SerializableConfiguration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One rank of one attempt, as a task of the barrier stage: gets ready, tells the others its address, joins the ring and
 * trains. The barrier only carries what the ranks tell one another at their {@link Rendezvous}; it costs a second.
 *
 * @param run names this driver's run, so that an executor of a lost driver cannot join
 * @param attempt number of the attempt, from 0
 * @param startStep step of the checkpoint to start from; 0 for none
 * @param spec the run
 * @param factory the model
 * @param hadoop settings of the file systems
 * @param progress where rank 0 reports its steps
 */
record RankTask(
        String run,
        int attempt,
        long startStep,
        TrainingSpec spec,
        ProgramFactory factory,
        SerializableConfiguration hadoop,
        ProgressAddress progress)
        implements Serializable {
    private static final Logger LOG = LoggerFactory.getLogger(RankTask.class);

    /** What libtorch says where its allocators get none, on the CPU and on GPUs. */
    private static final Pattern NATIVE_MEMORY =
            Pattern.compile("can't allocate memory|not enough memory|out of memory");

    /** Runs in the task, which ends by returning wherever the driver should judge why. */
    RankOutcome run(BarrierTaskContext context) {
        int rank = context.partitionId();
        String executor = SparkEnv.get().executorId();
        try (Rendezvous rendezvous = Rendezvous.begin(word -> exchange(context, word), rank, executor)) {
            return run(context, rendezvous);
        }
    }

    private RankOutcome run(BarrierTaskContext context, Rendezvous rendezvous) {
        int rank = context.partitionId();
        String executor = SparkEnv.get().executorId();
        PreparedRank prepared;
        try {
            prepared = PreparedRank.of(this, rank, hosts(context), TaskGpu.of(context));
        } catch (RuntimeException | OutOfMemoryError e) {
            StageFailure failure = asFailure(rank, e);
            rendezvous.arrive(RankCard.failed(rank, executor, failure.getMessage()));
            return new Failed(rank, Origin.OWN, failure.exitCode(), failure.getMessage());
        }
        try (prepared) {
            List<RankCard> cards = rendezvous.arrive(prepared.card(executor));
            Optional<RankOutcome> hopeless = hopeless(rank, cards);
            return hopeless.isPresent() ? hopeless.get() : train(prepared, cards);
        } catch (CollectiveException e) {
            return brokenRing(rank, e);
        } catch (CancellationException | TaskKilledException | Rendezvous.LateException e) {
            throw e;
        } catch (RuntimeException | OutOfMemoryError e) {
            StageFailure failure = asFailure(rank, e);
            return new Failed(rank, Origin.OWN, failure.exitCode(), failure.getMessage());
        }
    }

    /** The host of each rank, from the driver's list of the stage's tasks. */
    private static List<String> hosts(BarrierTaskContext context) {
        return Stream.of(context.getTaskInfos())
                .map(info -> info.address().replaceFirst(":[0-9]+$", ""))
                .toList();
    }

    private RankOutcome train(PreparedRank prepared, List<RankCard> cards) {
        int rank = prepared.rank();
        try (ExecutorShutdown shutdown = ExecutorShutdown.watch(spec.schedule().grace());
                Collective collective =
                        prepared.join(cards.stream().map(RankCard::address).toList())) {
            TrainingLoop loop = prepared.loop(collective);
            End end;
            if (rank == 0) {
                try (FirstRank first = firstRank(prepared, cards)) {
                    end = loop.run(first, () -> shutdown.begun() || first.leaveAsked());
                }
            } else {
                end = loop.run(TrainingLoop.Observer.NONE, shutdown::begun);
            }
            return switch (end) {
                case OVER -> new Finished(rank);
                case LEFT -> new Left(rank, cards.get(rank).executor(), shutdown.begun());
            };
        }
    }

    private FirstRank firstRank(PreparedRank prepared, List<RankCard> cards) {
        return new FirstRank(
                ProgressReporter.connect(progress),
                new Stragglers(cards, spec.batches().microBatches()),
                new BackgroundCheckpoints(
                        prepared.checkpoints()::save, spec.checkpoints(), spec.schedule(), System::nanoTime));
    }

    private static RankOutcome brokenRing(int rank, CollectiveException e) {
        LOG.warn("rank {} lost its ring", rank, e);
        return switch (e.reason()) {
            // A silent peer may be stuck in native code: only Spark, told by a failed task, can end it.
            case DEADLINE -> throw e;
            case OVERFLOW -> new Failed(rank, Origin.OWN, ExitCode.INTERNAL, String.valueOf(e.getMessage()));
            case PEER_LOST, REFUSED, PROTOCOL ->
                new Failed(rank, Origin.PEER, ExitCode.RETRYABLE, String.valueOf(e.getMessage()));
        };
    }

    /** What a rank's own exception means for the run. Memory may suffice on another host, or at another time. */
    static StageFailure asFailure(int rank, Throwable e) {
        if (e instanceof StageFailure failure) {
            LOG.error("rank {} failed: {}", rank, failure.getMessage());
            return failure;
        }
        LOG.error("rank {} failed", rank, e);
        if (e instanceof OutOfMemoryError) {
            return new StageFailure(
                    ExitCode.RETRYABLE,
                    "rank " + rank + " ran out of memory in the JVM: " + e.getMessage()
                            + "; raise spark.executor.memory",
                    e);
        }
        if (NATIVE_MEMORY.matcher(String.valueOf(e.getMessage())).find()) {
            return new StageFailure(
                    ExitCode.RETRYABLE,
                    "rank " + rank + " ran out of memory in the model: "
                            + String.valueOf(e.getMessage()).lines().findFirst().orElse("")
                            + "; raise spark.executor.memoryOverhead, or train smaller micro-batches",
                    e);
        }
        return new StageFailure(ExitCode.INTERNAL, "rank " + rank + " failed: " + e, e);
    }

    private static List<Rendezvous.Word> exchange(BarrierTaskContext context, Rendezvous.Word own) {
        Path source = new Path("barrier/" + own.card().rank());
        return Stream.of(context.allGather(Json.line(own)))
                .map(word -> Json.parse(Rendezvous.Word.class, word.getBytes(StandardCharsets.UTF_8), source))
                .toList();
    }

    /** What this rank returns where the ranks cannot train together. */
    static Optional<RankOutcome> hopeless(int rank, List<RankCard> cards) {
        for (RankCard card : cards) {
            if (card.isFailed()) {
                return Optional.of(new Failed(
                        rank,
                        Origin.PEER,
                        ExitCode.RETRYABLE,
                        "rank " + card.rank() + " is not ready: " + card.failure()));
            }
        }
        long executors = cards.stream().map(RankCard::executor).distinct().count();
        if (executors < cards.size()) {
            return Optional.of(new Failed(
                    rank,
                    Origin.OWN,
                    ExitCode.USAGE,
                    cards.size() + " ranks were placed on " + executors
                            + " executors but each needs its own: set spark.task.cpus to spark.executor.cores"));
        }
        return mixed(rank, cards);
    }

    /** Refuses ranks whose products differ in number type or device: their sums would depend on who computed what. */
    private static Optional<RankOutcome> mixed(int rank, List<RankCard> cards) {
        RankCard first = cards.get(0);
        return cards.stream()
                .filter(card -> !card.arithmetic().equals(first.arithmetic()))
                .findFirst()
                .map(card -> new Failed(
                        rank,
                        Origin.OWN,
                        ExitCode.USAGE,
                        "executors multiply differently: rank " + first.rank() + " in "
                                + first.arithmetic().orElseThrow() + " but rank " + card.rank() + " in "
                                + card.arithmetic().orElseThrow()
                                + ": set base.compute and base.device, or use executors of one hardware kind"));
    }
}
