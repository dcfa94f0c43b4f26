package io.sparklora.pipeline.basemodel;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Writes a safetensors file: the same tensors and metadata give the same bytes, in whatever order they were added.
 * Tensors lie without gaps, those of wider elements first, then in the order of their names (as UTF-16 code units), and
 * the header is padded with spaces to a multiple of 8 bytes, so that all data is aligned; safetensors' own writer does
 * the same. Buffers are not copied: they must not change until
 * {@link #writeTo} has returned. Not for use by several threads.
 */
public final class SafetensorsWriter {
    private static final int CHUNK_BYTES = 1 << 16;
    private static final ObjectMapper JSON = new ObjectMapper();

    private final SortedMap<String, String> metadata = new TreeMap<>();
    private final SortedMap<String, Entry> entries = new TreeMap<>();

    private record Entry(SafetensorsType type, List<Long> shape, TensorContent content) {
        long byteLength() {
            return new SafetensorsTensor("", type, shape, 0).byteLength();
        }
    }

    /** A buffer's elements, some of them at a time. */
    private interface Chunks {
        void copy(int from, int count, ByteBuffer target);
    }

    /** Adds an entry to the header's {@code __metadata__}; {@code format = pt} is what PyTorch's readers look for. */
    public SafetensorsWriter metadata(String key, String value) {
        if (metadata.put(key, value) != null) {
            throw new IllegalArgumentException("metadata key '" + key + "' is given twice");
        }
        return this;
    }

    /** Adds an F32 tensor; the buffer's remaining values are the elements, row-major. */
    public SafetensorsWriter add(String name, List<Long> shape, FloatBuffer values) {
        FloatBuffer elements = values.asReadOnlyBuffer();
        return add(
                name, SafetensorsType.F32, shape, elements.remaining(), (from, count, target) -> target.asFloatBuffer()
                        .put(elements.slice(elements.position() + from, count)));
    }

    /** Adds an F32 tensor. */
    public SafetensorsWriter add(String name, List<Long> shape, float[] values) {
        return add(name, shape, FloatBuffer.wrap(values));
    }

    /** Adds an I64 tensor. */
    public SafetensorsWriter add(String name, List<Long> shape, long[] values) {
        return add(name, SafetensorsType.I64, shape, values.length, (from, count, target) -> target.asLongBuffer()
                .put(values, from, count));
    }

    /** Adds an I32 tensor. */
    public SafetensorsWriter add(String name, List<Long> shape, int[] values) {
        return add(name, SafetensorsType.I32, shape, values.length, (from, count, target) -> target.asIntBuffer()
                .put(values, from, count));
    }

    private SafetensorsWriter add(String name, SafetensorsType type, List<Long> shape, int given, Chunks chunks) {
        long elements = new SafetensorsTensor(name, type, shape, 0).elements();
        if (elements != given || shape.stream().anyMatch(size -> size < 0)) {
            throw new IllegalArgumentException(
                    "tensor " + name + " of shape " + shape + " was given " + given + " values");
        }
        return add(name, type, shape, out -> writeChunks(type, given, chunks, out));
    }

    /** Adds a tensor whose bytes are made when they are written. */
    SafetensorsWriter add(String name, SafetensorsType type, List<Long> shape, TensorContent content) {
        if (name.equals("__metadata__")) {
            throw new IllegalArgumentException("a tensor must not be called __metadata__");
        }
        if (entries.put(name, new Entry(type, List.copyOf(shape), content)) != null) {
            throw new IllegalArgumentException("tensor " + name + " is given twice");
        }
        return this;
    }

    /** Writes the file's bytes; the stream is left open. */
    public void writeTo(OutputStream out) throws IOException {
        writeTo(out, (tensor, bytes) -> {});
    }

    /** The same, telling of each tensor once it is written. */
    void writeTo(OutputStream out, ModelRewrite.Progress progress) throws IOException {
        byte[] header = header();
        ByteBuffer length =
                ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(header.length);
        out.write(length.array());
        out.write(header);
        for (Map.Entry<String, Entry> named : inFileOrder()) {
            CountedOutput counted = new CountedOutput(out);
            named.getValue().content().writeTo(counted);
            counted.require(named.getKey(), named.getValue().byteLength());
            progress.written(named.getKey(), counted.count());
        }
    }

    private List<Map.Entry<String, Entry>> inFileOrder() {
        // The entries are sorted by name, and the sort is stable.
        Comparator<Map.Entry<String, Entry>> byWidth =
                Comparator.comparingInt(named -> -named.getValue().type().bytes());
        return entries.entrySet().stream().sorted(byWidth).toList();
    }

    private byte[] header() throws JsonProcessingException {
        Map<String, Object> header = new LinkedHashMap<>();
        if (!metadata.isEmpty()) {
            header.put("__metadata__", metadata);
        }
        long offset = 0;
        for (Map.Entry<String, Entry> named : inFileOrder()) {
            Entry entry = named.getValue();
            Map<String, Object> described = new LinkedHashMap<>();
            described.put("dtype", entry.type().name());
            described.put("shape", entry.shape());
            described.put("data_offsets", List.of(offset, offset + entry.byteLength()));
            header.put(named.getKey(), described);
            offset += entry.byteLength();
        }
        String json = JSON.writeValueAsString(header);
        int padding = -json.getBytes(StandardCharsets.UTF_8).length & 7;
        return (json + " ".repeat(padding)).getBytes(StandardCharsets.UTF_8);
    }

    private static void writeChunks(SafetensorsType type, int elements, Chunks chunks, OutputStream out)
            throws IOException {
        ByteBuffer chunk = ByteBuffer.allocate(CHUNK_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        int chunkElements = CHUNK_BYTES / type.bytes();
        for (int from = 0; from < elements; from += chunkElements) {
            int count = Math.min(chunkElements, elements - from);
            chunks.copy(from, count, chunk);
            out.write(chunk.array(), 0, count * type.bytes());
        }
    }
}
