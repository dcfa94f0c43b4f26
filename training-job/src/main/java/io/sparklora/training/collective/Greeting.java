package io.sparklora.training.collective;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.CorruptedFrameException;
import io.sparklora.training.collective.RingPlace.Level;
import io.sparklora.training.collective.RingPlace.Seat;
import java.nio.charset.StandardCharsets;

/**
 * What two neighbours say before the first segment: the connector's hello, the acceptor's welcome with its proof, the
 * connector's proof; or a refusal that names the reason. And what they say last: a farewell.
 */
final class Greeting {
    private static final int PROTOCOL = 3;
    private static final int MAXIMUM_REASON_CHARS = 300;

    /** Who connects, and from which place. */
    record Hello(Membership connector, Seat seat, byte[] nonce) {
        static Hello of(RingPlace connector) {
            return new Hello(connector.me(), connector.seat(), SharedSecret.nonce());
        }

        boolean isFrom(RingPlace expected) {
            return connector.equals(expected.me()) && seat.equals(expected.seat());
        }

        /** The body that proofs cover. */
        byte[] bytes() {
            ByteBuf body = Unpooled.buffer();
            body.writeIntLE(Frame.KIND_HELLO).writeIntLE(PROTOCOL);
            writeText(body, connector.run());
            body.writeIntLE(connector.attempt())
                    .writeIntLE(connector.world())
                    .writeIntLE(connector.rank())
                    .writeIntLE(seat.level().ordinal())
                    .writeIntLE(seat.position())
                    .writeIntLE(seat.size())
                    .writeBytes(nonce);
            return ByteBufUtil.getBytes(body);
        }
    }

    private Greeting() {}

    static ByteBuf frame(byte[] body) {
        ByteBuf frame = Unpooled.buffer(Frame.PREFIX_BYTES + body.length);
        Frame.setBodyBytes(frame, body.length);
        return Frame.seal(frame.writerIndex(Frame.PREFIX_BYTES).writeBytes(body));
    }

    static ByteBuf welcome(byte[] nonce, byte[] proof) {
        return frame(ByteBufUtil.getBytes(Unpooled.buffer()
                .writeIntLE(Frame.KIND_WELCOME)
                .writeBytes(nonce)
                .writeBytes(proof)));
    }

    static ByteBuf proof(byte[] proof) {
        return frame(ByteBufUtil.getBytes(
                Unpooled.buffer().writeIntLE(Frame.KIND_PROOF).writeBytes(proof)));
    }

    static ByteBuf refusal(String reason) {
        return reason(Frame.KIND_REFUSAL, reason);
    }

    /** What a rank that leaves says to its neighbours, in either direction: why, and so whose fault it is. */
    static ByteBuf farewell(String reason) {
        return reason(Frame.KIND_FAREWELL, reason);
    }

    private static ByteBuf reason(int kind, String reason) {
        ByteBuf body = Unpooled.buffer().writeIntLE(kind);
        String line = reason.replaceAll("\\p{Cc}", " ");
        writeText(body, line.substring(0, Math.min(line.length(), MAXIMUM_REASON_CHARS)));
        return frame(ByteBufUtil.getBytes(body));
    }

    static Hello readHello(ByteBuf frame) {
        ByteBuf body = body(frame, Frame.KIND_HELLO);
        int protocol = readInt(body);
        if (protocol != PROTOCOL) {
            throw new CorruptedFrameException("protocol must be " + PROTOCOL + " but is " + protocol);
        }
        String run = readText(body);
        int attempt = readInt(body);
        int world = readInt(body);
        int rank = readInt(body);
        Seat seat = readSeat(body);
        byte[] nonce = readBytes(body, SharedSecret.NONCE_BYTES);
        try {
            return new Hello(new Membership(run, attempt, world, rank), seat, nonce);
        } catch (IllegalArgumentException e) {
            throw new CorruptedFrameException(e.getMessage(), e);
        }
    }

    private static Seat readSeat(ByteBuf body) {
        int level = readInt(body);
        if (level < 0 || level >= Level.values().length) {
            throw new CorruptedFrameException(
                    "a ring's level must be in [0, " + Level.values().length + ") but is " + level);
        }
        int position = readInt(body);
        return new Seat(Level.values()[level], position, readInt(body));
    }

    /** The acceptor's nonce and proof, in that order. */
    static byte[][] readWelcome(ByteBuf frame) {
        ByteBuf body = body(frame, Frame.KIND_WELCOME);
        return new byte[][] {readBytes(body, SharedSecret.NONCE_BYTES), readBytes(body, SharedSecret.PROOF_BYTES)};
    }

    static byte[] readProof(ByteBuf frame) {
        return readBytes(body(frame, Frame.KIND_PROOF), SharedSecret.PROOF_BYTES);
    }

    static String readRefusal(ByteBuf frame) {
        return readText(body(frame, Frame.KIND_REFUSAL));
    }

    static String readFarewell(ByteBuf frame) {
        return readText(body(frame, Frame.KIND_FAREWELL));
    }

    private static ByteBuf body(ByteBuf frame, int kind) {
        ByteBuf body = frame.slice(Frame.PREFIX_BYTES, frame.writerIndex() - Frame.PREFIX_BYTES);
        int stated = readInt(body);
        if (stated != kind) {
            throw new CorruptedFrameException("expected a frame of kind %08x but got %08x".formatted(kind, stated));
        }
        return body;
    }

    private static void writeText(ByteBuf body, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        body.writeShortLE(bytes.length).writeBytes(bytes);
    }

    /** What a peer says is logged: in one line, as what it is. */
    private static String readText(ByteBuf body) {
        require(body, Short.BYTES);
        String text = new String(readBytes(body, body.readUnsignedShortLE()), StandardCharsets.UTF_8);
        if (text.chars().anyMatch(Character::isISOControl)) {
            throw new CorruptedFrameException("a greeting's text has control characters");
        }
        return text;
    }

    private static int readInt(ByteBuf body) {
        require(body, Integer.BYTES);
        return body.readIntLE();
    }

    private static byte[] readBytes(ByteBuf body, int count) {
        require(body, count);
        byte[] bytes = new byte[count];
        body.readBytes(bytes);
        return bytes;
    }

    private static void require(ByteBuf body, int bytes) {
        if (body.readableBytes() < bytes) {
            throw new CorruptedFrameException("a greeting ends " + (bytes - body.readableBytes()) + " bytes too early");
        }
    }
}
