package io.sparklora.training.collective;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.ssl.SslProvider;
import io.sparklora.training.collective.CollectiveException.Reason;
import io.sparklora.training.collective.RingPlace.Level;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import org.assertj.core.api.ThrowingConsumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Trees of rings over real sockets: leaders are ranks 0, 3 and 5 where there are hosts of 3, 2 and 1 ranks. */
class TreeCollectiveTest {
    private static final RingSettings TINY_SEGMENTS =
            new RingSettings(64, Duration.ofSeconds(20), Duration.ofSeconds(20));
    private static final String UNEVEN = "a a a b b c";

    private static Topology tree(String hosts) {
        return Topology.tree(List.of(hosts.split(" ")));
    }

    private static long[] values(int rank, int length, int step) {
        return new Random(rank * 1_000L + step)
                .longs(length, -1L << 58, 1L << 58)
                .toArray();
    }

    private static boolean isRight(Collective collective, int length, int step) {
        long[] sum = values(collective.rank(), length, step);
        long[] max = sum.clone();
        collective.sum(step, sum);
        collective.max(step, max);
        long[] expectedSum = new long[length];
        long[] expectedMax = new long[length];
        Arrays.fill(expectedMax, Long.MIN_VALUE);
        for (int rank = 0; rank < collective.world(); rank++) {
            long[] term = values(rank, length, step);
            Arrays.setAll(expectedSum, i -> expectedSum[i] + term[i]);
            Arrays.setAll(expectedMax, i -> Math.max(expectedMax[i], term[i]));
        }
        return Arrays.equals(sum, expectedSum) && Arrays.equals(max, expectedMax);
    }

    @ParameterizedTest
    @CsvSource({
        "a a b b, 1000", // two hosts of two
        "a b a b, 1", // the same, dealt in turn
        UNEVEN + ", 4099",
        "a a a a, 100", // one host
        "a b c d, 7", // hosts of one
        "a b, 100",
        "a b c d e f g h i, 1",
        "a b c d e f g h i, 257"
    })
    void givesEveryRankTheSumAndTheMaximumOfAllStepAfterStep(String hosts, int length) throws Exception {
        List<Boolean> results = Ranks.results(Ranks.start(tree(hosts), TINY_SEGMENTS, me -> new ClearText(), ranks -> {
            boolean right = true;
            for (int step = 0; step < 20; step++) {
                right &= isRight(ranks, length, step);
            }
            return right;
        }));
        assertThat(results).hasSize(hosts.split(" ").length).containsOnly(true);
    }

    /** The last of a group may be so late that the result comes and, behind it, the next sum's first segment. */
    @Test
    void takesTheSegmentsOfTwoOperationsThatCameEarly() {
        RingPlace place = new RingPlace(new Membership("run", 0, 3, 2), Level.GROUP, List.of(0, 1, 2));
        EmbeddedLink incoming = new EmbeddedLink();
        Ring ring = new Ring(place, incoming.eventLoop());
        ring.accepted(incoming);
        ring.connected(new EmbeddedLink());
        ring.receive(segment(Route.FROM_FIRST, 0, 2, 7));
        ring.receive(segment(Route.TO_FIRST, 1, 1, 8));
        long[] result = {1};
        long[] sum = {5};
        RingOperation first = new RingOperation(place, Route.FROM_FIRST, Reduction.SUM, 0, 4, result, 8);
        RingOperation second = new RingOperation(place, Route.TO_FIRST, Reduction.SUM, 1, 4, sum, 8);
        ring.start(first);
        ring.start(second);
        assertThat(first.done()).isCompleted();
        assertThat(second.done()).isCompleted();
        assertThat(result).containsExactly(7);
        assertThat(sum).containsExactly(13);
        assertThat(incoming.config().isAutoRead()).isTrue();
    }

    /** Who is done says so and goes, however late the others are. */
    @Test
    void takesWhatAPredecessorSentBeforeItLeft() {
        RingPlace place = new RingPlace(new Membership("run", 0, 3, 2), Level.GROUP, List.of(0, 1, 2));
        EmbeddedLink incoming = new EmbeddedLink();
        Ring ring = new Ring(place, incoming.eventLoop());
        ring.accepted(incoming);
        ring.connected(new EmbeddedLink());
        ring.receive(segment(Route.FROM_FIRST, 0, 2, 7));
        ring.predecessorLeft("rank 1 has left");
        ring.incomingClosed();
        long[] result = {1};
        RingOperation last = new RingOperation(place, Route.FROM_FIRST, Reduction.SUM, 0, 4, result, 8);
        RingOperation none = new RingOperation(place, Route.FROM_FIRST, Reduction.SUM, 1, 5, new long[1], 8);
        ring.start(last);
        ring.start(none);
        assertThat(last.done()).isCompleted();
        assertThat(result).containsExactly(7);
        assertThat(none.done())
                .failsWithin(Duration.ZERO)
                .withThrowableThat()
                .withMessageContaining("rank 1 left: rank 1 has left during SUM");
    }

    /** A chain's ranks wait for the slowest on the wire, not in their memory; ranks in a circle would wait for ever. */
    @ParameterizedTest
    @CsvSource({"TO_FIRST, 2, 1, false", "FROM_FIRST, 2, 2, false", "ALL_REDUCE, 8, 1, true"})
    void readsNoMoreThanItsSuccessorTakesInAChain(Route route, int length, int hop, boolean readsOn) {
        RingPlace place = new RingPlace(new Membership("run", 0, 4, 2), Level.GROUP, List.of(0, 1, 2, 3));
        EmbeddedLink incoming = new EmbeddedLink();
        Ring ring = new Ring(place, incoming.eventLoop());
        EmbeddedLink outgoing = new EmbeddedLink(new SuccessorLink(ring, SharedSecret.of("secret")));
        ring.accepted(incoming);
        ring.connected(outgoing);
        ring.start(new RingOperation(place, route, Reduction.SUM, 0, 4, new long[length], 1));
        outgoing.unsafe().outboundBuffer().setUserDefinedWritability(1, false);
        ring.receive(segment(route, 0, hop, length, 7));
        assertThat(incoming.config().isAutoRead()).isEqualTo(readsOn);
        outgoing.unsafe().outboundBuffer().setUserDefinedWritability(1, true);
        outgoing.runPendingTasks();
        assertThat(incoming.config().isAutoRead()).isTrue();
    }

    /** The first rank has its sum and goes, while the last, which sends it nothing more, waits for the result. */
    @Test
    void readsOnWhereASuccessorThatNeedsNothingMoreHasLeft() {
        RingPlace place = new RingPlace(new Membership("run", 0, 3, 2), Level.GROUP, List.of(0, 1, 2));
        EmbeddedLink incoming = new EmbeddedLink();
        EmbeddedLink outgoing = new EmbeddedLink();
        Ring ring = new Ring(place, incoming.eventLoop());
        ring.accepted(incoming);
        ring.connected(outgoing);
        outgoing.close();
        ring.outgoingClosed();
        ring.start(new RingOperation(place, Route.FROM_FIRST, Reduction.SUM, 0, 4, new long[2], 1));
        ring.receive(segment(Route.FROM_FIRST, 0, 2, 2, 7));
        assertThat(incoming.config().isAutoRead()).isTrue();
    }

    private static ByteBuf segment(Route route, long sequence, int hop, long value) {
        return segment(route, sequence, hop, 1, value);
    }

    /** The first of an operation's segments of one long. */
    private static ByteBuf segment(Route route, long sequence, int hop, int length, long value) {
        ByteBuf frame = Unpooled.buffer(Frame.PAYLOAD_AT + Long.BYTES);
        Frame.writeSegmentHeader(frame, route, Reduction.SUM, sequence, 4, length, 0, 1);
        Frame.setHop(frame, hop);
        Frame.writePayload(frame, new long[] {value}, 0, 1);
        return Frame.seal(frame);
    }

    @Test
    void givesTheSameSumsByPinnedCertificates() throws Exception {
        List<Boolean> results = Ranks.results(Ranks.start(
                tree(UNEVEN),
                TINY_SEGMENTS,
                me -> PinnedCertificates.create(me, SslProvider.JDK),
                ranks -> isRight(ranks, 1000, 1)));
        assertThat(results).hasSize(6).containsOnly(true);
    }

    @Test
    void movesMegabytesInPipelinedSegments() throws Exception {
        int length = 700_001;
        List<long[]> results =
                Ranks.results(Ranks.start(tree("a a a a b"), RingSettings.DEFAULT, me -> new ClearText(), ranks -> {
                    long[] values = new long[length];
                    Arrays.setAll(values, i -> (long) i * (ranks.rank() + 1));
                    ranks.sum(1, values);
                    return values;
                }));
        long[] expected = new long[length];
        Arrays.setAll(expected, i -> 15L * i);
        assertThat(results).allMatch(values -> Arrays.equals(values, expected));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4, 5})
    void endsEveryRankAndNamesTheOneThatFailed(int failed) throws Exception {
        List<Future<Object>> ranks = Ranks.start(tree(UNEVEN), TINY_SEGMENTS, me -> new ClearText(), collective -> {
            collective.sum(6, new long[100]);
            if (collective.rank() == failed) {
                throw new IllegalStateException("a problem of its own");
            }
            collective.sum(7, new long[100]);
            collective.sum(8, new long[100]);
            return null;
        });
        List<Throwable> failures = Ranks.failures(ranks);
        assertThat(failures.remove(failed)).hasMessage("a problem of its own");
        assertThat(failures).allSatisfy(names(failed, "of 6 [^:]* has left"));
        assertThat(failures).allSatisfy(failure -> {
            assertThat(failure).isInstanceOf(CollectiveException.class).hasMessageContaining("step 7");
            assertThat(((CollectiveException) failure).reason()).isEqualTo(Reason.PEER_LOST);
        });
    }

    private static ThrowingConsumer<Throwable> names(int rank, String how) {
        return failure -> assertThat(failure).hasMessageMatching(".*rank " + rank + " " + how + ".*");
    }

    /** As where a process is killed: its connections close, and it says nothing. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4, 5})
    void endsEveryRankAndNamesTheOneThatDied(int dead) throws Exception {
        List<CollectiveEndpoint> endpoints = Ranks.bind(tree(UNEVEN), TINY_SEGMENTS, me -> new ClearText());
        List<Future<Object>> ranks = Ranks.joinAll(endpoints, collective -> {
            collective.sum(6, new long[100]);
            if (collective.rank() == dead) {
                endpoints.get(dead).close();
                throw new IllegalStateException("killed");
            }
            collective.sum(7, new long[100]);
            collective.sum(8, new long[100]);
            return null;
        });
        List<Throwable> failures = Ranks.failures(ranks);
        assertThat(failures.remove(dead)).hasMessage("killed");
        assertThat(failures).anySatisfy(names(dead, "(closed|broke) its connection"));
        assertThat(failures).allSatisfy(failure -> assertThat(failure)
                .isInstanceOf(CollectiveException.class)
                .hasMessageMatching(".*rank [0-5] (of 6 [^:]* has left|(closed|broke) its connection).*"));
    }

    /** Leaders are ranks 0 and 2; rank 1 is gone before it has joined. */
    @Test
    void tellsTheOtherRingsWhyOneCannotBeJoined() throws Exception {
        List<CollectiveEndpoint> endpoints = Ranks.bind(tree("a a b b"), TINY_SEGMENTS, me -> new ClearText());
        CountDownLatch joined = new CountDownLatch(2);
        CountDownLatch failed = new CountDownLatch(1);
        List<Future<Object>> ranks = Ranks.joinAll(
                List.of(endpoints.get(0), endpoints.get(2), endpoints.get(3)),
                endpoints.stream().map(CollectiveEndpoint::address).toList(),
                collective -> {
                    joined.countDown();
                    failed.await();
                    collective.sum(1, new long[100]);
                    return null;
                });
        joined.await();
        endpoints.get(1).close();
        assertThat(Ranks.failures(ranks.subList(0, 1))).singleElement().satisfies(failure -> assertThat(failure)
                .hasMessageMatching(".*(rank 1 closed its connection|cannot reach rank 1 ).*"));
        failed.countDown();
        assertThat(Ranks.failures(ranks.subList(1, 3)))
                .allSatisfy(names(0, "of 4 [^:]*(: rank 1 closed its connection| cannot reach rank 1 )"));
    }

    /** Leaders are ranks 0 and 2; rank 0 waits for rank 1, which has not begun. */
    @Test
    void tellsTheOtherRingsThatOneIsLeftByAnInterrupt() throws Exception {
        CompletableFuture<Thread> waiting = new CompletableFuture<>();
        CountDownLatch interrupted = new CountDownLatch(1);
        List<Future<Object>> ranks = Ranks.start(tree("a a b b"), TINY_SEGMENTS, me -> new ClearText(), collective -> {
            if (collective.rank() == 0) {
                waiting.complete(Thread.currentThread());
            } else {
                interrupted.await();
            }
            collective.sum(1, new long[100]);
            return null;
        });
        waiting.get().interrupt();
        assertThat(Ranks.failures(ranks.subList(0, 1))).singleElement().isInstanceOf(CancellationException.class);
        interrupted.countDown();
        assertThat(Ranks.failures(ranks.subList(1, 4))).allSatisfy(failure -> assertThat(failure)
                .isInstanceOf(CollectiveException.class)
                .hasMessageContaining("left: rank 0 of 4")
                .hasMessageContaining("was interrupted"));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 2, 4, 5})
    void tellsEveryRankWhichOneIsSilent(int silent) throws Exception {
        RingSettings impatient = new RingSettings(64, Duration.ofSeconds(20), Duration.ofSeconds(1));
        CountDownLatch done = new CountDownLatch(5);
        List<Future<Object>> ranks = Ranks.start(tree(UNEVEN), impatient, me -> new ClearText(), collective -> {
            if (collective.rank() == silent) {
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
        List<Throwable> failures = Ranks.failures(ranks);
        failures.remove(silent);
        assertThat(failures)
                .allSatisfy(failure -> assertThat(failure)
                        .isInstanceOf(CollectiveException.class)
                        .hasMessageContaining("step 12"))
                .anySatisfy(failure -> assertThat(failure).hasMessageContaining("waited 1 s"));
    }
}
