package io.sparklora.pipeline.basemodel;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/**
 * Reads a GGUF header front to back, little-endian. Every length is held against what is left of the file before
 * anything is allocated for it. Not for use by several threads.
 */
final class GgufCursor {
    private static final int WINDOW_BYTES = 1 << 18;

    private final ByteSource source;
    private byte[] window = new byte[0];
    private ByteBuffer unread = ByteBuffer.wrap(window);
    private long windowEnd;

    GgufCursor(ByteSource source) {
        this.source = source;
    }

    /** Byte of the file that is read next. */
    long position() {
        return windowEnd - unread.remaining();
    }

    /** Bytes of the whole file. */
    long size() {
        return source.size();
    }

    /** Bytes after {@link #position()}. */
    long remaining() {
        return source.size() - position();
    }

    int int8() {
        return require(1, "a byte").get();
    }

    int int16() {
        return require(2, "a 16-bit number").getShort();
    }

    int int32() {
        return require(4, "a 32-bit number").getInt();
    }

    long int64() {
        return require(8, "a 64-bit number").getLong();
    }

    /** An unsigned 64-bit number, which must fit a long. */
    long uint64(String what) {
        long at = position();
        long value = int64();
        if (value < 0) {
            throw refusal(at, what + " is " + Long.toUnsignedString(value) + " but must be below 2^63");
        }
        return value;
    }

    /** A count of things that take at least {@code leastBytes} each, so that there cannot be more than fit the file. */
    int count(String what, int leastBytes, int most) {
        long at = position();
        long count = uint64(what);
        long room = Math.min(most, remaining() / leastBytes);
        if (count > room) {
            throw refusal(at, what + " is " + count + " but must be at most " + room);
        }
        return (int) count;
    }

    /** A length and as many bytes of UTF-8. */
    String text(String what, int mostBytes) {
        long at = position();
        int length = count("the length of " + what, 1, mostBytes);
        ByteBuffer bytes = require(length, what);
        ByteBuffer text = bytes.slice(bytes.position(), length);
        bytes.position(bytes.position() + length);
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(text).toString();
        } catch (CharacterCodingException e) {
            throw new InvalidBaseModelException(
                    source.name() + ": byte " + at + ": " + what + " is not valid UTF-8", e);
        }
    }

    /** A refusal that names the file and a byte of it. */
    InvalidBaseModelException refusal(long at, String message) {
        return new InvalidBaseModelException(source.name() + ": byte " + at + ": " + message);
    }

    /** The window with at least {@code bytes} unread. */
    private ByteBuffer require(int bytes, String what) {
        if (unread.remaining() < bytes) {
            if (remaining() < bytes) {
                throw refusal(position(), "the file ends within " + what + ": it is truncated");
            }
            refill(bytes);
        }
        return unread;
    }

    private void refill(int bytes) {
        long start = position();
        int length = (int) Math.min(Math.max(WINDOW_BYTES, bytes), source.size() - start);
        if (window.length < length) {
            window = new byte[length];
        }
        source.read(start, window, 0, length);
        unread = ByteBuffer.wrap(window, 0, length).order(ByteOrder.LITTLE_ENDIAN);
        windowEnd = start + length;
    }
}
