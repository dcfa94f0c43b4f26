package io.sparklora.pipeline.basemodel;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Bytes that can be read at any position: a file of any size, or an array. Reads are positional and carry no state, so
 * threads may share a source; nothing is mapped, so a file that shrinks is an error and not a fault.
 */
sealed interface ByteSource extends AutoCloseable {
    /** Bytes that {@link #copy} holds at a time. */
    int COPY_BYTES = 1 << 20;

    /** What messages call it: the path, or a name that was given. */
    String name();

    /** Number of bytes. */
    long size();

    /**
     * Fills {@code length} bytes of {@code destination} from {@code position} on.
     *
     * @throws InvalidBaseModelException if the source ends before
     */
    void read(long position, byte[] destination, int offset, int length);

    /** Copies a run of bytes. */
    default void copy(long position, long length, OutputStream out) throws IOException {
        byte[] chunk = new byte[(int) Math.min(COPY_BYTES, length)];
        for (long done = 0; done < length; done += chunk.length) {
            int count = (int) Math.min(chunk.length, length - done);
            read(position + done, chunk, 0, count);
            out.write(chunk, 0, count);
        }
    }

    @Override
    void close();

    /** Opens a regular file. */
    static ByteSource open(Path path) {
        if (!Files.isRegularFile(path)) {
            throw new InvalidBaseModelException(path + ": there is no such file");
        }
        try {
            FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
            return new OfFile(path.toString(), channel, channel.size());
        } catch (IOException e) {
            throw new UncheckedIOException(path + ": cannot be read", e);
        }
    }

    /** Takes an array over, without copying it. */
    static ByteSource of(byte[] bytes, String name) {
        return new OfArray(name, bytes);
    }

    /** A file on disk. */
    record OfFile(String name, FileChannel channel, long size) implements ByteSource {
        @Override
        public void read(long position, byte[] destination, int offset, int length) {
            ByteBuffer target = ByteBuffer.wrap(destination, offset, length);
            try {
                while (target.hasRemaining()) {
                    long at = position + target.position() - offset;
                    if (channel.read(target, at) < 0) {
                        throw endsBefore(name, channel.size(), position + length);
                    }
                }
            } catch (IOException e) {
                throw new UncheckedIOException(name + ": cannot be read at byte " + position, e);
            }
        }

        @Override
        public void close() {
            try {
                channel.close();
            } catch (IOException e) {
                throw new UncheckedIOException(name + ": cannot be closed", e);
            }
        }
    }

    /** Bytes in memory, never written to. */
    @SuppressWarnings("ArrayRecordComponent")
    record OfArray(String name, byte[] bytes) implements ByteSource {
        @Override
        public long size() {
            return bytes.length;
        }

        @Override
        public void read(long position, byte[] destination, int offset, int length) {
            if (position < 0 || length > bytes.length - position) {
                throw endsBefore(name, bytes.length, position + length);
            }
            System.arraycopy(bytes, (int) position, destination, offset, length);
        }

        @Override
        public void close() {}
    }

    private static InvalidBaseModelException endsBefore(String name, long size, long wanted) {
        return new InvalidBaseModelException(
                name + ": ends at byte " + size + " but must reach byte " + wanted + ": it is truncated");
    }
}
