package io.sparklora.training.collective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.CorruptedFrameException;
import io.netty.handler.codec.TooLongFrameException;
import io.sparklora.training.collective.Greeting.Hello;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever bytes come, a frame, a greeting or a segment is taken, or refused by the exception that its reader names. */
class RingFramesTest {
    private static final int TRIALS = 20_000;

    private static byte[] mutated(byte[] whole, Random random) {
        byte[] bytes = Arrays.copyOf(whole, random.nextInt(4) == 0 ? random.nextInt(whole.length + 20) : whole.length);
        for (int flips = random.nextInt(4); flips > 0 && bytes.length > 0; flips--) {
            bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
        }
        return bytes;
    }

    @ParameterizedTest
    @ValueSource(ints = {Integer.MIN_VALUE, -1, 0, 3, 1025, 1 << 24, Integer.MAX_VALUE})
    void refusesALengthOutOfBoundsBeforeAnythingIsAllocated(int stated) {
        UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true);
        EmbeddedChannel channel = new EmbeddedChannel(new FrameDecoder());
        channel.config().setAllocator(allocator);
        assertThatThrownBy(() -> channel.writeInbound(
                        Unpooled.buffer().writeIntLE(stated).writeIntLE(~stated).writeIntLE(0)))
                .isInstanceOf(TooLongFrameException.class)
                .hasMessageContaining("must have 4 to 1024 bytes but states " + stated);
        assertThat(allocator.metric().usedDirectMemory()).isZero();
        assertThat(allocator.metric().usedHeapMemory()).isZero();
    }

    /** Without it, a longer frame would be waited for. */
    @Test
    void seesAnyFlippedBitInTheLengthBeforeTheBodyComes() {
        for (int bit = 0; bit < 2 * Integer.SIZE; bit++) {
            ByteBuf prefix = Greeting.frame(new byte[100]).slice(0, Frame.PREFIX_BYTES);
            prefix.setByte(bit / Byte.SIZE, prefix.getByte(bit / Byte.SIZE) ^ 1 << bit % Byte.SIZE);
            assertThatThrownBy(() -> new EmbeddedChannel(new FrameDecoder()).writeInbound(prefix))
                    .as("bit %s", bit)
                    .isInstanceOf(CorruptedFrameException.class)
                    .hasMessageEndingWith("fails its check");
        }
    }

    @Test
    void findsTheSameFramesHoweverTheBytesArrive() {
        Random random = new Random(1);
        for (int trial = 0; trial < 200; trial++) {
            ByteBuf stream = Unpooled.buffer();
            List<String> sent = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                byte[] body = new byte[4 + random.nextInt(1021)];
                random.nextBytes(body);
                ByteBuf frame = Greeting.frame(body);
                sent.add(ByteBufUtil.hexDump(frame));
                stream.writeBytes(frame);
            }
            EmbeddedChannel channel = new EmbeddedChannel(new FrameDecoder());
            List<String> received = new ArrayList<>();
            while (stream.isReadable()) {
                channel.writeInbound(stream.readBytes(Math.min(stream.readableBytes(), 1 + random.nextInt(3000))));
                for (ByteBuf frame = channel.readInbound(); frame != null; frame = channel.readInbound()) {
                    received.add(ByteBufUtil.hexDump(frame));
                    frame.release();
                }
            }
            assertThat(received).isEqualTo(sent);
            channel.finish();
        }
    }

    @Test
    void readsOrRefusesAnyGreeting() {
        byte[] nonce = SharedSecret.nonce();
        List<byte[]> bodies = new ArrayList<>();
        bodies.add(Hello.of(Ranks.place(new Membership("run", 3, 4, 1))).bytes());
        for (ByteBuf frame : List.of(
                Greeting.welcome(nonce, new byte[SharedSecret.PROOF_BYTES]),
                Greeting.proof(new byte[SharedSecret.PROOF_BYTES]),
                Greeting.refusal("it is late"),
                Greeting.farewell("rank 3 has left"))) {
            bodies.add(ByteBufUtil.getBytes(frame, Frame.PREFIX_BYTES, frame.readableBytes() - Frame.PREFIX_BYTES));
        }
        List<Consumer<ByteBuf>> readers = List.of(
                Greeting::readHello,
                Greeting::readWelcome,
                Greeting::readProof,
                Greeting::readRefusal,
                Greeting::readFarewell);
        Random random = new Random(2);
        int refused = 0;
        for (int trial = 0; trial < TRIALS; trial++) {
            int kind = random.nextInt(bodies.size());
            ByteBuf frame = Greeting.frame(mutated(bodies.get(kind), random));
            try {
                readers.get(kind).accept(frame);
            } catch (CorruptedFrameException e) {
                refused++;
            }
        }
        assertThat(refused).isBetween(TRIALS / 10, TRIALS * 9 / 10);
    }

    @Test
    void refusesTextThatWouldForgeALineOfTheLog() {
        ByteBuf hello = Greeting.frame(Hello.of(Ranks.place(new Membership("run\nERROR all is lost", 0, 2, 1)))
                .bytes());
        assertThatThrownBy(() -> Greeting.readHello(hello))
                .isInstanceOf(CorruptedFrameException.class)
                .hasMessageContaining("control characters");
        assertThat(Greeting.readRefusal(Greeting.refusal("two\nlines"))).isEqualTo("two lines");
    }

    /** Whatever a reason quotes, such as an operating system's message in another character set. */
    @ParameterizedTest
    @ValueSource(chars = {'\u0000', '\t', '\u001f', '\u007f', '\u0080', '\u0085', '\u009f'})
    void writesNoReasonThatItsReaderWouldRefuse(char control) {
        String reason = "no disk" + control + "left \u00e9";
        assertThat(Greeting.readFarewell(Greeting.farewell(reason))).isEqualTo("no disk left \u00e9");
        assertThat(Greeting.readRefusal(Greeting.refusal(reason))).isEqualTo("no disk left \u00e9");
    }

    @Test
    void takesOrRefusesAnySegment() {
        RingPlace me = Ranks.place(new Membership("run", 0, 3, 0));
        ByteBuf segment = Unpooled.buffer(Frame.PAYLOAD_AT + 8 * Long.BYTES);
        Frame.writeSegmentHeader(segment, Route.ALL_REDUCE, Reduction.SUM, 5, 9, 60, 0, 8);
        Frame.setHop(segment, 1);
        byte[] body = ByteBufUtil.getBytes(segment, Frame.PREFIX_BYTES, segment.readableBytes() - Frame.PREFIX_BYTES);
        Random random = new Random(3);
        int taken = 0;
        int refused = 0;
        for (int trial = 0; trial < TRIALS; trial++) {
            ByteBuf frame = Greeting.frame(mutated(body, random));
            if (Frame.payloadBytes(frame) < 0) {
                continue;
            }
            try {
                new RingOperation(me, Route.ALL_REDUCE, Reduction.SUM, 5, 9, new long[60], 8).accept(frame);
                taken++;
            } catch (CollectiveException e) {
                refused++;
            }
        }
        assertThat(taken).isGreaterThan(TRIALS / 10);
        assertThat(refused).isGreaterThan(TRIALS / 10);
    }
}
