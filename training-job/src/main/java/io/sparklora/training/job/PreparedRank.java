package io.sparklora.training.job;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.dataset.DatasetManifest;
import io.sparklora.pipeline.dataset.Split;
import io.sparklora.pipeline.run.StageTransaction;
import io.sparklora.pipeline.run.Storage;
import io.sparklora.training.checkpoint.Checkpoints;
import io.sparklora.training.checkpoint.TrainingState;
import io.sparklora.training.collective.Collective;
import io.sparklora.training.collective.CollectiveEndpoint;
import io.sparklora.training.collective.CollectiveEndpoint.Address;
import io.sparklora.training.collective.Membership;
import io.sparklora.training.collective.SharedSecret;
import io.sparklora.training.collective.SingleRank;
import io.sparklora.training.collective.Topology;
import io.sparklora.training.data.TokenSequences;
import io.sparklora.training.model.LossProgram;
import io.sparklora.training.model.TaskGpu;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.fs.Path;
import org.apache.spark.SparkEnv;

/**
 * A rank that could begin: dataset verified, state loaded, model open, and, where there are others, a door for its
 * predecessor. Closing it frees the model and the door.
 */
final class PreparedRank implements AutoCloseable {
    private final TrainingSpec spec;
    private final int rank;
    private final TokenSequences data;
    private final Optional<TokenSequences> validationData;
    private final Checkpoints checkpoints;
    private final TrainingState state;
    private final LossProgram program;
    private final Optional<CollectiveEndpoint> endpoint;

    private PreparedRank(
            TrainingSpec spec,
            int rank,
            TokenSequences data,
            Optional<TokenSequences> validationData,
            Checkpoints checkpoints,
            TrainingState state,
            LossProgram program,
            Optional<CollectiveEndpoint> endpoint) {
        this.spec = spec;
        this.rank = rank;
        this.data = data;
        this.validationData = validationData;
        this.checkpoints = checkpoints;
        this.state = state;
        this.program = program;
        this.endpoint = endpoint;
    }

    /**
     * Prepares a rank on the calling thread, which is to run its loop; nothing is left open where it fails.
     *
     * @param hosts where each rank runs, in rank order
     * @param gpu what Spark gave the task to compute on
     */
    static PreparedRank of(RankTask task, int rank, List<String> hosts, TaskGpu gpu) {
        int world = hosts.size();
        TrainingSpec spec = task.spec();
        Storage storage = new Storage(task.hadoop().value());
        TokenSequences data = openData(storage, spec, Split.TRAIN);
        data.verify(rank, world);
        Optional<TokenSequences> validationData =
                spec.validation().isOn() ? Optional.of(openData(storage, spec, Split.VALIDATION)) : Optional.empty();
        validationData.ifPresent(sequences -> sequences.verify(rank, world));
        Checkpoints checkpoints = spec.openCheckpoints(storage);
        TrainingState state = task.startStep() == 0
                ? TrainingState.initial(task.factory().initialParameters(storage))
                : checkpoints.load(task.startStep());
        LossProgram program = task.factory().open(state.arithmetic(), gpu);
        try {
            if (program.parameterCount() != state.parameters().length) {
                throw new StageFailure(
                        ExitCode.MISMATCH,
                        "the model has " + program.parameterCount() + " trainable parameters but the adapter to start "
                                + "from has " + state.parameters().length);
            }
            Membership me = new Membership(task.run(), task.attempt(), world, rank);
            Optional<CollectiveEndpoint> endpoint = world == 1
                    ? Optional.empty()
                    : Optional.of(bind(me, Topology.plan(hosts, program.parameterCount()), spec));
            return new PreparedRank(spec, rank, data, validationData, checkpoints, state, program, endpoint);
        } catch (RuntimeException e) {
            program.close();
            throw e;
        }
    }

    private static TokenSequences openData(Storage storage, TrainingSpec spec, Split split) {
        Path directory = new Path(spec.dataset());
        DatasetManifest manifest = StageTransaction.committed(storage, directory, DatasetManifest.class)
                .orElseThrow(
                        () -> new StageFailure(ExitCode.MISMATCH, "there is no whole token dataset in " + directory));
        if (!manifest.datasetKey().hex().equals(spec.identity().dataset())) {
            throw new StageFailure(
                    ExitCode.MISMATCH,
                    directory + " holds the dataset " + manifest.datasetKey().hex() + " but the run was planned for "
                            + spec.identity().dataset());
        }
        return TokenSequences.open(storage, directory, manifest, split);
    }

    private static CollectiveEndpoint bind(Membership me, Topology topology, TrainingSpec spec) {
        SparkEnv env = SparkEnv.get();
        String host = env.blockManager().blockManagerId().host();
        // The executors' own secret where spark.authenticate is on; Spark hands out null where it is off.
        String secret = env.securityManager().getSecretKey();
        try {
            return CollectiveEndpoint.bind(
                    host,
                    me,
                    topology,
                    secret == null ? SharedSecret.none() : SharedSecret.of(secret),
                    SparkLinkProtection.of(env.securityManager(), me),
                    spec.ring());
        } catch (IOException e) {
            throw new StageFailure(ExitCode.RETRYABLE, String.valueOf(e.getMessage()), e);
        }
    }

    /** This rank. */
    int rank() {
        return rank;
    }

    /** What the others need to know of this rank. */
    RankCard card(String executor) {
        Address address = endpoint.map(CollectiveEndpoint::address).orElseGet(() -> new Address("", List.of(), ""));
        return new RankCard(
                rank,
                executor,
                address.host(),
                address.ports(),
                address.fingerprint(),
                Optional.of(program.arithmetic()),
                "");
    }

    /** Joins the others; closing the collective closes the door too. */
    Collective join(List<Address> ranks) {
        return endpoint.map(door -> door.join(ranks)).orElseGet(SingleRank::new);
    }

    /** The loop from the prepared state on; used once. */
    TrainingLoop loop(Collective collective) {
        return new TrainingLoop(spec, collective, program, data, validationData, state);
    }

    /** Where rank 0 saves the state. */
    Checkpoints checkpoints() {
        return checkpoints;
    }

    @Override
    public void close() {
        endpoint.ifPresent(CollectiveEndpoint::close);
        program.close();
    }
}
