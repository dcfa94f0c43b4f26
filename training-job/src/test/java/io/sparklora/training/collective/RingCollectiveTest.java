package io.sparklora.training.collective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparklora.training.collective.CollectiveException.Reason;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RingCollectiveTest {
    private static final RingSettings TINY_SEGMENTS =
            new RingSettings(64, Duration.ofSeconds(20), Duration.ofSeconds(20));

    private static long[] values(int rank, int length, int step) {
        return new Random(rank * 1_000L + step)
                .longs(length, -1L << 58, 1L << 58)
                .toArray();
    }

    @ParameterizedTest
    @CsvSource({"2,0", "2,1", "3,2", "3,7", "2,16", "5,1000", "8,4099"})
    void givesEveryRankTheSumAndTheMaximumOfAllStepAfterStep(int world, int length) throws Exception {
        List<Boolean> results = Ranks.run(world, TINY_SEGMENTS, collective -> {
            boolean right = true;
            for (int step = 0; step < 20; step++) {
                long[] sum = values(collective.rank(), length, step);
                long[] max = sum.clone();
                collective.sum(step, sum);
                collective.max(step, max);
                long[] expectedSum = new long[length];
                long[] expectedMax = new long[length];
                Arrays.fill(expectedMax, Long.MIN_VALUE);
                for (int rank = 0; rank < world; rank++) {
                    long[] term = values(rank, length, step);
                    Arrays.setAll(expectedSum, i -> expectedSum[i] + term[i]);
                    Arrays.setAll(expectedMax, i -> Math.max(expectedMax[i], term[i]));
                }
                right &= Arrays.equals(sum, expectedSum) && Arrays.equals(max, expectedMax);
            }
            return right;
        });
        assertThat(results).hasSize(world).containsOnly(true);
    }

    @Test
    void movesMegabytesInPipelinedSegments() throws Exception {
        int length = 1_200_007;
        List<long[]> results = Ranks.run(3, collective -> {
            long[] values = new long[length];
            Arrays.setAll(values, i -> (long) i * (collective.rank() + 1));
            collective.sum(1, values);
            return values;
        });
        long[] expected = new long[length];
        Arrays.setAll(expected, i -> 6L * i);
        assertThat(results).allMatch(values -> Arrays.equals(values, expected));
    }

    @Test
    void survivesPeersThatRunAheadAndLeaveFirst() throws Exception {
        List<Long> results = Ranks.run(3, TINY_SEGMENTS, collective -> {
            long[] values = new long[100];
            for (int step = 0; step < 300; step++) {
                values[step % 100] += collective.rank();
                collective.max(step, values);
                if (step % 3 == collective.rank()) {
                    Thread.yield();
                }
            }
            return values[0];
        });
        assertThat(results).containsOnly(6L);
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3})
    void failsOnAllRanksWhenOneLeaves(int world) throws Exception {
        List<Future<Object>> ranks = Ranks.start(world, TINY_SEGMENTS, collective -> {
            collective.sum(6, new long[100]);
            if (collective.rank() == 1) {
                throw new IllegalStateException("rank 1 has a problem of its own");
            }
            collective.sum(7, new long[100]);
            return null;
        });
        List<Throwable> failures = Ranks.failures(ranks);
        assertThat(failures.get(1)).hasMessage("rank 1 has a problem of its own");
        failures.remove(1);
        assertThat(failures).allSatisfy(failure -> {
            assertThat(failure).isInstanceOf(CollectiveException.class).hasMessageContaining("step 7");
            assertThat(((CollectiveException) failure).reason()).isEqualTo(Reason.PEER_LOST);
        });
    }

    /** What it did not read must not cost the others its word: they have sent megabytes when it leaves. */
    @ParameterizedTest
    @CsvSource({"false,20", "true,2"})
    void learnsWhyARankLeftHoweverMuchIsOnTheWayToIt(boolean encrypted, int trials) throws Exception {
        for (int trial = 0; trial < trials; trial++) {
            List<Future<Object>> ranks = Ranks.start(
                    Topology.ring(List.of("a", "a", "a")),
                    RingSettings.DEFAULT,
                    me -> encrypted ? PinnedCertificates.create(me) : new ClearText(),
                    collective -> {
                        collective.sum(6, new long[3]);
                        if (collective.rank() == 1) {
                            // As it computes.
                            values(1, 300_000, 7);
                            throw new IllegalStateException("rank 1 has a problem of its own");
                        }
                        collective.sum(7, new long[1_500_000]);
                        return null;
                    });
            List<Throwable> failures = Ranks.failures(ranks);
            assertThat(failures.remove(1)).hasMessage("rank 1 has a problem of its own");
            assertThat(failures).allSatisfy(failure -> assertThat(failure)
                    .hasMessageContaining("left: rank 1 of 3 (run run, attempt 0) has left during SUM of"));
        }
    }

    @Test
    void namesTheRankThePeerAndTheStepOnceTheDeadlinePasses() throws Exception {
        RingSettings impatient = new RingSettings(64, Duration.ofSeconds(20), Duration.ofMillis(200));
        CountDownLatch done = new CountDownLatch(1);
        List<Future<Object>> ranks = Ranks.start(2, impatient, collective -> {
            if (collective.rank() == 0) {
                done.await();
                throw new IllegalStateException("stuck");
            }
            try {
                collective.sum(12, new long[100]);
            } finally {
                done.countDown();
            }
            return null;
        });
        Throwable failure = Ranks.failures(ranks).get(1);
        assertThat(failure)
                .hasMessageContaining("rank 1 of 2")
                .hasMessageContaining("from rank 0")
                .hasMessageContaining("step 12");
        assertThat(((CollectiveException) failure).reason()).isEqualTo(Reason.DEADLINE);
    }

    @Test
    void refusesToAddUpRanksThatAreOutOfStep() throws Exception {
        List<Future<Object>> ranks = Ranks.start(2, TINY_SEGMENTS, collective -> {
            collective.sum(collective.rank() == 0 ? 4 : 5, new long[100]);
            return null;
        });
        assertThat(Ranks.failures(ranks))
                .anySatisfy(failure -> assertThat(failure).hasMessageContaining("out of step"));
    }

    @Test
    void reportsASumThatLeavesTheRangeOfALong() throws Exception {
        List<Future<Object>> ranks = Ranks.start(2, TINY_SEGMENTS, collective -> {
            long[] values = new long[100];
            values[3] = Long.MAX_VALUE;
            values[97] = Long.MAX_VALUE;
            collective.sum(1, values);
            return null;
        });
        assertThat(Ranks.failures(ranks))
                .anySatisfy(failure -> assertThat(failure).hasMessageContaining("leaves the range of a long"));
    }

    @Test
    void givesUpJoiningARingWhosePredecessorNeverComes() throws Exception {
        RingSettings impatient = new RingSettings(64, Duration.ofMillis(200), Duration.ofSeconds(1));
        try (RingEndpoint one = Ranks.bind(new Membership("run", 0, 3, 0), impatient);
                RingEndpoint two = Ranks.bind(new Membership("run", 0, 3, 1), impatient)) {
            assertThatThrownBy(() -> Ranks.join(one, Ranks.neighbours(two.address())))
                    .hasMessageContaining("both neighbours to join");
        }
    }

    /** Rank 2 is not there, so rank 1 has failed before rank 0 comes. */
    @Test
    void tellsWhoComesLateWhyTheRingBroke() throws Exception {
        try (RingEndpoint zero = Ranks.bind(new Membership("run", 0, 3, 0), TINY_SEGMENTS);
                RingEndpoint one = Ranks.bind(new Membership("run", 0, 3, 1), TINY_SEGMENTS);
                RingEndpoint two = Ranks.bind(new Membership("run", 0, 3, 2), TINY_SEGMENTS)) {
            InetSocketAddress nobody = two.address();
            two.close();
            String unreachable = "rank 1 of 3 (run run, attempt 0) cannot reach rank 2";
            assertThatThrownBy(() -> Ranks.join(one, Ranks.neighbours(nobody))).hasMessageStartingWith(unreachable);
            assertThatThrownBy(() -> Ranks.join(zero, Ranks.neighbours(one.address())))
                    .hasMessageStartingWith("rank 0 of 3 (run run, attempt 0): rank 1 left: " + unreachable);
        }
    }

    @Test
    void tellsASuccessorThatItReachesLateWhyTheRingBroke() {
        EmbeddedLink outgoing = new EmbeddedLink();
        Ring ring = new Ring(Ranks.place(new Membership("run", 0, 3, 0)), outgoing.eventLoop());
        ring.fail(new CollectiveException(Reason.DEADLINE, "rank 0 of 3 has waited"));
        ring.connected(outgoing);
        assertThat(Greeting.readFarewell(outgoing.readOutbound())).isEqualTo("rank 0 of 3 has waited");
        assertThat(outgoing.isOutputShutdown()).isTrue();
    }

    @Test
    void leavesTheRingWhenInterrupted() throws Exception {
        CompletableFuture<Thread> waiting = new CompletableFuture<>();
        List<Future<Object>> ranks = Ranks.start(2, TINY_SEGMENTS, collective -> {
            if (collective.rank() == 0) {
                waiting.get().interrupt();
            } else {
                waiting.complete(Thread.currentThread());
            }
            collective.sum(1, new long[100]);
            collective.sum(2, new long[100]);
            return null;
        });
        assertThat(Ranks.failures(ranks).get(1))
                .hasMessageContaining("rank 1 of 2")
                .hasMessageContaining("interrupted");
    }
}
