package io.sparklora.training.job;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparklora.training.checkpoint.Checkpoints;
import io.sparklora.training.checkpoint.TrainingState;
import io.sparklora.training.collective.ClearText;
import io.sparklora.training.collective.Collective;
import io.sparklora.training.collective.CollectiveEndpoint;
import io.sparklora.training.collective.CollectiveEndpoint.Address;
import io.sparklora.training.collective.DamagedWire;
import io.sparklora.training.collective.LinkProtection;
import io.sparklora.training.collective.Membership;
import io.sparklora.training.collective.PinnedCertificates;
import io.sparklora.training.collective.Ranks;
import io.sparklora.training.collective.Topology;
import io.sparklora.training.job.FaultTable.Figure;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.function.Function;
import java.util.function.Supplier;

/** Ranks in this JVM that train over real sockets, and one bit that is turned over on its way to one of them. */
final class DamagedTraining {
    /** What says that bytes were damaged, and which rank they seemed to come from or to go to. */
    private static final String NAMED =
            ".*rank [0-9] (sent bad data|refused this rank|and this rank have no link).*|.* from rank [0-9]";

    /** Handshake and greetings pass first. */
    private static final int GREETING_BYTES = 600;

    /** Fewer than a run passes over any of its links. */
    private static final int RUN_BYTES = 400_000;

    private static final double NANOS_A_SECOND = 1e9;

    private final LittleRun run;
    private final TrainingSpec spec;

    /** @param spec of a run that has not begun */
    DamagedTraining(LittleRun run, TrainingSpec spec) {
        this.run = run;
        this.spec = spec;
    }

    /** Trains, is damaged, and trains to the end; says how long the ranks took to end after the damage was chosen. */
    Figure recover(Random random) throws Exception {
        int world = 2 + random.nextInt(3);
        int damaged = random.nextInt(world);
        boolean encrypted = random.nextBoolean();
        long damagedByte = random.nextInt(random.nextInt(3) == 0 ? GREETING_BYTES : RUN_BYTES);
        int bit = random.nextInt(Byte.SIZE);
        Function<Membership, LinkProtection> protection =
                encrypted ? PinnedCertificates::create : me -> new ClearText();
        long begin = System.nanoTime();
        assertThat(attempt(world, protection, damaged, damagedByte, bit))
                .as(
                        "bit %s of byte %s to rank %s of %s, %s",
                        bit, damagedByte, damaged, world, encrypted ? "TLS" : "clear text")
                .anySatisfy(failure -> assertThat(failure).hasMessageMatching(NAMED));
        double seconds = (System.nanoTime() - begin) / NANOS_A_SECOND;
        assertThat(attempt(world, protection, damaged, DamagedWire.NONE, 0)).isEmpty();
        return new Figure("attempt ended after", seconds, "s");
    }

    /** From the newest checkpoint; returns why ranks failed. */
    private List<Throwable> attempt(
            int world, Function<Membership, LinkProtection> protection, int damaged, long damagedByte, int bit)
            throws Exception {
        Topology ring = Topology.plan(Collections.nCopies(world, "host"), 1);
        List<CollectiveEndpoint> doors = Ranks.bind(ring, spec.ring(), protection);
        List<Address> addresses = new ArrayList<>();
        doors.forEach(door -> addresses.add(door.address()));
        try (DamagedWire wire = new DamagedWire(addresses.get(damaged), damagedByte, bit)) {
            addresses.set(damaged, wire.address());
            List<Throwable> failures = new ArrayList<>();
            for (Future<Void> rank : Ranks.joinAll(doors, addresses, this::train)) {
                failure(rank).ifPresent(failures::add);
            }
            return failures;
        }
    }

    private static Optional<Throwable> failure(Future<?> rank) throws InterruptedException {
        try {
            rank.get();
            return Optional.empty();
        } catch (ExecutionException e) {
            return Optional.of(e.getCause());
        }
    }

    /** Rank 0 saves nothing before all have loaded what was there: it needs them for its first step. */
    private Void train(Collective collective) {
        Checkpoints checkpoints = run.checkpoints(spec);
        TrainingState from = checkpoints.latest().orElseGet(LittleRun::initial);
        TrainingLoop.Observer observer =
                collective.rank() == 0 ? new Saver(checkpoints, spec) : TrainingLoop.Observer.NONE;
        new TrainingLoop(spec, collective, LittleRun.program(), run.data(), run.validationData(), from)
                .run(observer, () -> false);
        return null;
    }

    /** Saves the state as often as the schedule says. */
    private record Saver(Checkpoints checkpoints, TrainingSpec spec) implements TrainingLoop.Observer {
        @Override
        public void stepMade(TimedStep step) {}

        @Override
        public void betweenSteps(long step, Supplier<TrainingState> state) {
            if (step % spec.schedule().steps() == 0) {
                checkpoints.save(state.get());
            }
        }

        @Override
        public void ended(TrainingState state) {
            checkpoints.save(state);
        }
    }
}
