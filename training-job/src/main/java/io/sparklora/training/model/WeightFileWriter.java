package io.sparklora.training.model;

import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.pipeline.basemodel.BaseTensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;

/** Appends a base model's tensors to a file of plain numbers, with a checksum. Not for use by several threads. */
final class WeightFileWriter implements AutoCloseable {
    private static final int CHUNK_ELEMENTS = 1 << 20;

    private final BaseModel model;
    private final WeightType type;
    private final Path file;
    private final FileChannel channel;
    private final CRC32C checksum = new CRC32C();
    private final ByteBuffer buffer;
    private long bytes;

    WeightFileWriter(BaseModel model, WeightType type, Path file) throws IOException {
        this.model = model;
        this.type = type;
        this.file = file;
        this.channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        this.buffer = ByteBuffer.allocateDirect(CHUNK_ELEMENTS * type.bytes()).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Pads with zeros up to an element, which the file must not have passed. */
    void padTo(long element) {
        for (long end = element * type.bytes(); bytes < end; bytes++) {
            reserve(1).put((byte) 0);
        }
        if (bytes != element * type.bytes()) {
            throw new IllegalStateException(file + " has " + bytes + " bytes where element " + element + " should be");
        }
    }

    /** Appends a tensor's rows. */
    void append(String name) {
        BaseTensor tensor = model.tensor(name);
        int rowsAtOnce = Math.max(1, CHUNK_ELEMENTS / tensor.columns());
        float[] values = new float[Math.toIntExact(Math.min(rowsAtOnce, tensor.rows()) * tensor.columns())];
        for (long first = 0; first < tensor.rows(); first += rowsAtOnce) {
            int rows = (int) Math.min(rowsAtOnce, tensor.rows() - first);
            model.read(name, first, rows, values);
            append(values, rows * tensor.columns());
        }
    }

    private void append(float[] values, int count) {
        for (int i = 0; i < count; i++) {
            type.put(values[i], reserve(type.bytes()));
        }
        bytes += (long) count * type.bytes();
    }

    private ByteBuffer reserve(int wanted) {
        if (buffer.remaining() < wanted) {
            flush();
        }
        return buffer;
    }

    private void flush() {
        buffer.flip();
        checksum.update(buffer.duplicate());
        try {
            while (buffer.hasRemaining()) {
                channel.write(buffer);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + file + ": " + e.getMessage(), e);
        }
        buffer.clear();
    }

    /** Writes what is left to the disk and describes the file. */
    WeightIndex.File finish() throws IOException {
        flush();
        channel.force(true);
        return new WeightIndex.File(String.valueOf(file.getFileName()), bytes, checksum.getValue());
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
