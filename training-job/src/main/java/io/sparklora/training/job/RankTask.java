package io.sparklora.training.job;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.run.Json;
import io.sparklora.training.checkpoint.TrainingState;
import io.sparklora.training.collective.Collective;
import io.sparklora.training.collective.CollectiveException;
import io.sparklora.training.collective.Neighbours;
import io.sparklora.training.job.RankOutcome.Failed;
import io.sparklora.training.job.RankOutcome.Finished;
import io.sparklora.training.job.RankOutcome.Origin;
import java.io.Serializable;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
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
 * trains. The barrier only exchanges addresses; it costs a second.
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

    /** Runs in the task, which ends by returning wherever the driver should judge why. */
    RankOutcome run(BarrierTaskContext context) {
        int rank = context.partitionId();
        int world = context.getTaskInfos().length;
        String executor = SparkEnv.get().executorId();
        PreparedRank prepared;
        try {
            prepared = PreparedRank.of(this, rank, world);
        } catch (RuntimeException e) {
            StageFailure failure = asFailure(rank, e);
            exchange(context, RankCard.failed(rank, executor, failure.getMessage()));
            return new Failed(rank, Origin.OWN, failure.exitCode(), failure.getMessage());
        }
        try (prepared) {
            List<RankCard> cards = exchange(context, prepared.card(executor));
            Optional<RankOutcome> hopeless = hopeless(rank, cards);
            return hopeless.isPresent() ? hopeless.get() : train(prepared, neighbours(rank, cards));
        } catch (CollectiveException e) {
            return brokenRing(rank, e);
        } catch (CancellationException | TaskKilledException e) {
            throw e;
        } catch (RuntimeException e) {
            StageFailure failure = asFailure(rank, e);
            return new Failed(rank, Origin.OWN, failure.exitCode(), failure.getMessage());
        }
    }

    private static Neighbours neighbours(int rank, List<RankCard> cards) {
        int world = cards.size();
        RankCard successor = cards.get((rank + 1) % world);
        return new Neighbours(
                InetSocketAddress.createUnresolved(successor.host(), successor.port()),
                successor.fingerprint(),
                cards.get((rank + world - 1) % world).fingerprint());
    }

    private RankOutcome train(PreparedRank prepared, Neighbours neighbours) {
        try (Collective collective = prepared.join(neighbours);
                ProgressReporter reporter =
                        collective.rank() == 0 ? ProgressReporter.connect(progress) : ProgressReporter.silent()) {
            prepared.loop(collective).run(new TrainingLoop.Observer() {
                @Override
                public void stepMade(TimedStep step) {
                    reporter.report(step);
                }

                @Override
                public void checkpointDue(TrainingState state) {
                    if (collective.rank() == 0) {
                        prepared.checkpoints().save(state);
                    }
                }
            });
            return new Finished(collective.rank());
        }
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

    private static StageFailure asFailure(int rank, RuntimeException e) {
        if (e instanceof StageFailure failure) {
            LOG.error("rank {} failed: {}", rank, failure.getMessage());
            return failure;
        }
        LOG.error("rank {} failed", rank, e);
        return new StageFailure(ExitCode.INTERNAL, "rank " + rank + " failed: " + e, e);
    }

    private static List<RankCard> exchange(BarrierTaskContext context, RankCard own) {
        return Stream.of(context.allGather(Json.line(own)))
                .map(card -> Json.parse(
                        RankCard.class, card.getBytes(StandardCharsets.UTF_8), new Path("barrier/" + own.rank())))
                .sorted(Comparator.comparingInt(RankCard::rank))
                .toList();
    }

    /** What this rank returns where the ranks cannot train together. */
    static Optional<RankOutcome> hopeless(int rank, List<RankCard> cards) {
        for (RankCard card : cards) {
            if (!card.ready()) {
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

    /** Refuses ranks whose products differ in their number type: their sums would depend on who computed what. */
    private static Optional<RankOutcome> mixed(int rank, List<RankCard> cards) {
        RankCard first = cards.get(0);
        return cards.stream()
                .filter(card -> !card.compute().equals(first.compute()))
                .findFirst()
                .map(card -> new Failed(
                        rank,
                        Origin.OWN,
                        ExitCode.USAGE,
                        "executors multiply in different number types: rank " + first.rank() + " in "
                                + first.compute().orElseThrow().configName() + " but rank " + card.rank() + " in "
                                + card.compute().orElseThrow().configName()
                                + ": set base.compute to one of them, or use executors of one hardware kind"));
    }
}
