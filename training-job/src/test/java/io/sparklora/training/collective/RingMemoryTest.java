package io.sparklora.training.collective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.AbstractByteBufAllocator;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.DefaultEventLoop;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** A rank that runs out of memory says so itself, and says it to the others: it is not taken for its neighbours' fault. */
class RingMemoryTest {
    private static final RingSettings SETTINGS = new RingSettings(1024, Duration.ofSeconds(20), Duration.ofSeconds(20));
    private static final SharedSecret SECRET = SharedSecret.of("secret");
    private static final int LONGS = 256;
    private static final String NO_MEMORY = "Cannot reserve bytes of direct buffer memory";

    private final RingPlace place = Ranks.place(new Membership("run", 0, 2, 0));
    private final RingPlace peer = place.of(1);

    /** A JVM whose direct memory is used up but for what greetings take. */
    private static final class Exhausted extends AbstractByteBufAllocator {
        @Override
        protected ByteBuf newHeapBuffer(int initialCapacity, int maxCapacity) {
            return Unpooled.buffer(initialCapacity, maxCapacity);
        }

        @Override
        protected ByteBuf newDirectBuffer(int initialCapacity, int maxCapacity) {
            if (initialCapacity > Frame.MAXIMUM_GREETING_BYTES) {
                throw new OutOfMemoryError(NO_MEMORY);
            }
            return Unpooled.directBuffer(initialCapacity, maxCapacity);
        }

        @Override
        public boolean isDirectBufferPooled() {
            return false;
        }
    }

    private static EmbeddedLink exhausted(EmbeddedLink channel) {
        channel.config().setAllocator(new Exhausted());
        return channel;
    }

    private RingOperation sum() {
        return new RingOperation(place, Route.ALL_REDUCE, Reduction.SUM, 0, 3, new long[LONGS], LONGS / 2);
    }

    private static ByteBuf segment() {
        ByteBuf frame = Unpooled.buffer(Frame.PAYLOAD_AT + LONGS / 2 * Long.BYTES);
        Frame.writeSegmentHeader(frame, Route.ALL_REDUCE, Reduction.SUM, 0, 3, LONGS, 0, LONGS / 2);
        Frame.setHop(frame, 1);
        return Frame.seal(frame);
    }

    /** What the rank at the other end of a link is told last. */
    private static String farewell(EmbeddedLink link) {
        ByteBuf last = link.readOutbound();
        for (ByteBuf next = link.readOutbound(); next != null; next = link.readOutbound()) {
            last = next;
        }
        return Greeting.readFarewell(last);
    }

    private static void assertTells(EmbeddedLink link, String during) {
        assertThat(farewell(link))
                .startsWith("rank 0 of 2 (run run, attempt 0) failed" + during)
                .endsWith("java.lang.OutOfMemoryError: " + NO_MEMORY);
    }

    @Test
    void whereASegmentOfItsOwnHasNoRoom() throws IOException {
        EmbeddedLink incoming = new EmbeddedLink();
        EmbeddedLink outgoing = exhausted(new EmbeddedLink());
        EventLoop loop = new DefaultEventLoop();
        try (RingEndpoint endpoint = Ranks.bind(place.me(), SETTINGS)) {
            Ring ring = new Ring(place, loop);
            ring.accepted(incoming);
            ring.connected(outgoing);
            RingCollective collective = new RingCollective(ring, endpoint, SETTINGS);
            assertThatThrownBy(() -> collective.sum(3, new long[LONGS]))
                    .isInstanceOf(OutOfMemoryError.class)
                    .hasMessage(NO_MEMORY);
            assertThatThrownBy(() -> collective.sum(4, new long[LONGS])).isInstanceOf(OutOfMemoryError.class);
        } finally {
            loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
        }
        assertTells(incoming, " during SUM of 256 values (operation 0, step 3");
        assertTells(outgoing, " during SUM of 256 values (operation 0, step 3");
    }

    @Test
    void whereASegmentOfThePredecessorHasNoRoom() {
        FrameDecoder decoder = new FrameDecoder();
        EmbeddedLink outgoing = new EmbeddedLink();
        Ring ring = new Ring(place, outgoing.eventLoop());
        ring.connected(outgoing);
        EmbeddedLink incoming = exhausted(new EmbeddedLink(
                decoder, new PredecessorLink(ring, new Antechamber(place), SECRET, decoder, SETTINGS)));
        greet(incoming);
        RingOperation sum = sum();
        ring.start(sum);
        incoming.writeInbound(segment());
        assertThat(sum.done())
                .failsWithin(Duration.ZERO)
                .withThrowableThat()
                .havingCause()
                .isInstanceOf(OutOfMemoryError.class)
                .withMessage(NO_MEMORY);
        assertTells(incoming, " during SUM of 256 values (operation 0, step 3");
        assertTells(outgoing, " during SUM of 256 values (operation 0, step 3");
    }

    private void greet(EmbeddedLink incoming) {
        Ring neighbour = new Ring(peer, incoming.eventLoop());
        EmbeddedLink client = new EmbeddedLink(new FrameDecoder(), new SuccessorLink(neighbour, SECRET));
        incoming.writeInbound((ByteBuf) client.readOutbound());
        client.writeInbound((ByteBuf) incoming.readOutbound());
        incoming.writeInbound((ByteBuf) client.readOutbound());
    }

    @Test
    void whereItsNextSegmentHasNoRoomOnceTheSuccessorReads() {
        EmbeddedLink incoming = new EmbeddedLink();
        Ring ring = new Ring(place, incoming.eventLoop());
        EmbeddedLink outgoing = exhausted(new EmbeddedLink(new SuccessorLink(ring, SECRET)));
        ring.accepted(incoming);
        ring.connected(outgoing);
        outgoing.unsafe().outboundBuffer().setUserDefinedWritability(1, false);
        outgoing.runPendingTasks();
        RingOperation sum = sum();
        ring.start(sum);
        assertThat(sum.done()).isNotDone();
        outgoing.unsafe().outboundBuffer().setUserDefinedWritability(1, true);
        outgoing.runPendingTasks();
        assertThat(sum.done())
                .failsWithin(Duration.ZERO)
                .withThrowableThat()
                .havingCause()
                .isInstanceOf(OutOfMemoryError.class)
                .withMessage(NO_MEMORY);
        assertTells(incoming, " during SUM of 256 values (operation 0, step 3");
    }
}
