package io.sparklora.training.collective;

import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/**
 * Layout of what travels on a ring, little-endian: body bytes (int), the same with all bits turned over (int), CRC-32C of
 * the body (int), body. A damaged length is seen so before it is waited for. The body of a segment is a fixed header of
 * {@value #SEGMENT_HEADER_BYTES} bytes and then longs; other bodies are {@link Greeting}s.
 */
final class Frame {
    static final int PREFIX_BYTES = 12;
    static final int SEGMENT_HEADER_BYTES = 40;
    /** Bound of any body but a segment's. */
    static final int MAXIMUM_GREETING_BYTES = 1024;

    static final int KIND_HELLO = 0x4f4c4548;
    static final int KIND_WELCOME = 0x434c4557;
    static final int KIND_PROOF = 0x464f5250;
    static final int KIND_REFUSAL = 0x53464552;
    static final int KIND_SEGMENT = 0x4d474553;
    static final int KIND_FAREWELL = 0x5446454c;

    private static final int INVERSE_AT = 4;
    private static final int CRC_AT = 8;
    private static final int KIND_AT = 12;
    private static final int REDUCTION_AT = 16;
    private static final int SEQUENCE_AT = 20;
    private static final int STEP_AT = 28;
    private static final int LENGTH_AT = 36;
    private static final int HOP_AT = 40;
    private static final int SEGMENT_AT = 44;
    private static final int ROUTE_AT = 48;
    static final int PAYLOAD_AT = PREFIX_BYTES + SEGMENT_HEADER_BYTES;

    private Frame() {}

    /** Writes how long the body is. */
    static void setBodyBytes(ByteBuf frame, int bodyBytes) {
        frame.setIntLE(0, bodyBytes);
        frame.setIntLE(INVERSE_AT, ~bodyBytes);
    }

    /** What a prefix, which begins at the reader's place, states of its body, right or not. */
    static int bodyBytes(ByteBuf in) {
        return in.getIntLE(in.readerIndex());
    }

    static boolean isLengthIntact(ByteBuf in) {
        return in.getIntLE(in.readerIndex() + INVERSE_AT) == ~bodyBytes(in);
    }

    static int kind(ByteBuf frame) {
        return frame.getIntLE(KIND_AT);
    }

    static int reduction(ByteBuf frame) {
        return frame.getIntLE(REDUCTION_AT);
    }

    static long sequence(ByteBuf frame) {
        return frame.getLongLE(SEQUENCE_AT);
    }

    static long step(ByteBuf frame) {
        return frame.getLongLE(STEP_AT);
    }

    /** Length of the whole array of the operation, in longs. */
    static int length(ByteBuf frame) {
        return frame.getIntLE(LENGTH_AT);
    }

    static int hop(ByteBuf frame) {
        return frame.getIntLE(HOP_AT);
    }

    static int segment(ByteBuf frame) {
        return frame.getIntLE(SEGMENT_AT);
    }

    static int route(ByteBuf frame) {
        return frame.getIntLE(ROUTE_AT);
    }

    static void writeSegmentHeader(
            ByteBuf frame,
            Route route,
            Reduction reduction,
            long sequence,
            long step,
            int length,
            int segment,
            int payloadLongs) {
        setBodyBytes(frame, SEGMENT_HEADER_BYTES + payloadLongs * Long.BYTES);
        frame.setIntLE(KIND_AT, KIND_SEGMENT);
        frame.setIntLE(REDUCTION_AT, reduction.ordinal());
        frame.setLongLE(SEQUENCE_AT, sequence);
        frame.setLongLE(STEP_AT, step);
        frame.setIntLE(LENGTH_AT, length);
        frame.setIntLE(SEGMENT_AT, segment);
        frame.setIntLE(ROUTE_AT, route.ordinal());
        frame.writerIndex(PAYLOAD_AT + payloadLongs * Long.BYTES);
    }

    static void setHop(ByteBuf frame, int hop) {
        frame.setIntLE(HOP_AT, hop);
    }

    static int payloadBytes(ByteBuf frame) {
        return frame.writerIndex() - PAYLOAD_AT;
    }

    static void readPayload(ByteBuf frame, long[] target, int at, int longs) {
        payload(frame, longs).asLongBuffer().get(target, at, longs);
    }

    static void writePayload(ByteBuf frame, long[] source, int at, int longs) {
        payload(frame, longs).asLongBuffer().put(source, at, longs);
    }

    private static ByteBuffer payload(ByteBuf frame, int longs) {
        return frame.internalNioBuffer(PAYLOAD_AT, longs * Long.BYTES).slice().order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Writes the checksum of a complete frame. */
    static ByteBuf seal(ByteBuf frame) {
        frame.setIntLE(CRC_AT, checksum(frame));
        return frame;
    }

    static boolean intact(ByteBuf frame) {
        return frame.getIntLE(CRC_AT) == checksum(frame);
    }

    private static int checksum(ByteBuf frame) {
        CRC32C crc = new CRC32C();
        crc.update(frame.internalNioBuffer(PREFIX_BYTES, frame.writerIndex() - PREFIX_BYTES));
        return (int) crc.getValue();
    }
}
