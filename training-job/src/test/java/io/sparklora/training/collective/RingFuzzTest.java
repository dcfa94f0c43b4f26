package io.sparklora.training.collective;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.CorruptedFrameException;
import io.netty.handler.codec.DecoderException;
import java.util.List;
import java.util.function.Consumer;

/**
 * What strangers can send, by Jazzer: the inputs beside this class always, new ones with {@code JAZZER_FUZZ=1}
 * ({@code bin/fuzz}).
 */
class RingFuzzTest {
    private static final RingPlace ME = Ranks.place(new Membership("run", 0, 3, 0));
    private static final int VALUES = 60;
    private static final int SEGMENT_LONGS = 8;
    private static final int LARGEST_FRAME = Frame.PREFIX_BYTES + Frame.MAXIMUM_GREETING_BYTES;

    /** The first byte says in which pieces the others arrive. */
    @FuzzTest(maxDuration = "20s")
    void cutsAnyBytesIntoFramesOrRefusesThem(byte[] bytes) {
        UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true);
        EmbeddedChannel channel = new EmbeddedChannel(new FrameDecoder());
        channel.config().setAllocator(allocator);
        int piece = bytes.length == 0 ? 1 : 1 + (bytes[0] & 0xff);
        try {
            for (int at = 1; at < bytes.length; at += piece) {
                channel.writeInbound(Unpooled.wrappedBuffer(bytes, at, Math.min(piece, bytes.length - at)));
                // One frame being filled, and one that just was.
                assertThat(allocator.metric().usedDirectMemory()).isLessThanOrEqualTo(2L * LARGEST_FRAME + piece);
                for (ByteBuf frame = channel.readInbound(); frame != null; frame = channel.readInbound()) {
                    assertThat(Frame.intact(frame)).isTrue();
                    frame.release();
                }
            }
        } catch (DecoderException e) {
            assertThat(e).hasMessageMatching("a frame.*(states|fails).*");
        }
        assertThat(closed(channel)).isTrue();
        assertThat(allocator.metric().usedDirectMemory()).isZero();
    }

    /** Closes the channel, whose decoder may say once more what it found. */
    private static boolean closed(EmbeddedChannel channel) {
        try {
            channel.finishAndReleaseAll();
        } catch (DecoderException e) {
            assertThat(e).hasMessageStartingWith("a frame");
        }
        return !channel.isOpen();
    }

    @FuzzTest(maxDuration = "20s")
    void readsOrRefusesAnyGreeting(byte[] body) {
        ByteBuf frame = Greeting.frame(body);
        for (Consumer<ByteBuf> reader : List.<Consumer<ByteBuf>>of(
                Greeting::readHello,
                Greeting::readWelcome,
                Greeting::readProof,
                Greeting::readRefusal,
                Greeting::readFarewell)) {
            try {
                reader.accept(frame);
            } catch (CorruptedFrameException e) {
                assertThat(e.getMessage()).hasLineCount(1);
            }
        }
    }

    @FuzzTest(maxDuration = "20s")
    void takesOrRefusesAnySegment(byte[] body) {
        ByteBuf frame = Greeting.frame(body);
        if (Frame.payloadBytes(frame) < 0) {
            return;
        }
        try {
            new RingOperation(ME, Route.ALL_REDUCE, Reduction.SUM, 5, 9, new long[VALUES], SEGMENT_LONGS).accept(frame);
        } catch (CollectiveException e) {
            assertThat(e).hasMessageContaining("rank 0 of 3");
        }
    }
}
