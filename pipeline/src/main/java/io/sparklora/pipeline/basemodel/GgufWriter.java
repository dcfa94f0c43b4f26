package io.sparklora.pipeline.basemodel;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Writes a GGUF file, version 3, little-endian (github.com/ggml-org/ggml/blob/master/docs/gguf.md): metadata and tensors
 * in the order in which they were added, each tensor's data at a multiple of the alignment. Not for use by several
 * threads.
 */
final class GgufWriter {
    private static final int VERSION = 3;
    private static final int UINT32 = 4;

    private final long alignment;
    private final ByteArrayOutputStream metadata = new ByteArrayOutputStream();
    private final Map<String, Entry> tensors = new LinkedHashMap<>();
    private long metadataEntries;

    private record Entry(ElementType type, List<Long> dimensions, TensorContent content) {
        long byteLength() {
            return type.bytesOf(dimensions.stream().reduce(1L, Math::multiplyExact));
        }
    }

    /** @param alignment a power of two, what {@code general.alignment} says or 32 where nothing does */
    GgufWriter(long alignment) {
        this.alignment = alignment;
    }

    /** Adds an entry as another file has it: key, type and value. */
    void metadata(byte[] entry) {
        metadata.writeBytes(entry);
        metadataEntries++;
    }

    /** Adds an unsigned 32-bit number. */
    void metadata(String key, int value) {
        metadata(concatenated(text(key), int32(UINT32), int32(value)));
    }

    /**
     * Adds a tensor.
     *
     * @param dimensions GGUF's order: the contiguous one first
     */
    void tensor(String name, ElementType type, List<Long> dimensions, TensorContent content) {
        if (tensors.put(name, new Entry(type, List.copyOf(dimensions), content)) != null) {
            throw new IllegalArgumentException("tensor " + name + " is given twice");
        }
    }

    int tensors() {
        return tensors.size();
    }

    /** Bytes of all tensors without what aligns them. */
    long bytes() {
        return tensors.values().stream().mapToLong(Entry::byteLength).sum();
    }

    /** Writes the file; the stream is left open. */
    void writeTo(OutputStream out, ModelRewrite.Progress progress) throws IOException {
        byte[] header = header();
        out.write(header);
        out.write(padding(header.length));
        for (Map.Entry<String, Entry> named : tensors.entrySet()) {
            CountedOutput counted = new CountedOutput(out);
            named.getValue().content().writeTo(counted);
            counted.require(named.getKey(), named.getValue().byteLength());
            out.write(padding(counted.count()));
            progress.written(named.getKey(), counted.count());
        }
    }

    private byte[] header() {
        List<byte[]> parts = new ArrayList<>();
        parts.add("GGUF".getBytes(StandardCharsets.US_ASCII));
        parts.add(int32(VERSION));
        parts.add(int64(tensors.size()));
        parts.add(int64(metadataEntries));
        parts.add(metadata.toByteArray());
        long offset = 0;
        for (Map.Entry<String, Entry> named : tensors.entrySet()) {
            Entry entry = named.getValue();
            parts.add(text(named.getKey()));
            parts.add(int32(entry.dimensions().size()));
            entry.dimensions().forEach(size -> parts.add(int64(size)));
            parts.add(int32(entry.type().ggmlId()));
            parts.add(int64(offset));
            offset += entry.byteLength() + padding(entry.byteLength()).length;
        }
        return concatenated(parts.toArray(byte[][]::new));
    }

    private byte[] padding(long length) {
        return new byte[(int) (-length & alignment - 1)];
    }

    private static byte[] text(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        return concatenated(int64(utf8.length), utf8);
    }

    private static byte[] int32(int value) {
        return littleEndian(Integer.BYTES).putInt(value).array();
    }

    private static byte[] int64(long value) {
        return littleEndian(Long.BYTES).putLong(value).array();
    }

    private static ByteBuffer littleEndian(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static byte[] concatenated(byte[]... parts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            all.writeBytes(part);
        }
        return all.toByteArray();
    }
}
