package io.sparklora.pipeline.basemodel;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A safetensors file, its header checked whole on opening: types, shapes that fill their spans, no holes, no overlap,
 * nothing outside the file (github.com/huggingface/safetensors, "Format"). Safe for use by many threads.
 */
public final class SafetensorsFile implements AutoCloseable {
    private static final int CHUNK_BYTES = 1 << 18;

    /** Values that are read at once, at most: an array may have about twice as many. */
    private static final int MOST_VALUES = 1 << 30;

    private final ByteSource source;
    private final Map<String, String> metadata;
    private final Map<String, SafetensorsTensor> tensors;

    SafetensorsFile(ByteSource source, Map<String, String> metadata, Map<String, SafetensorsTensor> tensors) {
        this.source = source;
        this.metadata = Collections.unmodifiableMap(metadata);
        this.tensors = Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
    }

    /**
     * Opens a file of any size on a local disk; the caller closes it.
     *
     * @throws InvalidBaseModelException if it is missing or malformed
     */
    public static SafetensorsFile open(Path path) {
        ByteSource source = ByteSource.open(path);
        try {
            return SafetensorsHeader.read(source);
        } catch (RuntimeException | Error e) {
            source.close();
            throw e;
        }
    }

    /**
     * Reads a small file that was fetched whole, from whatever file system.
     *
     * @param bytes the file, taken over and not copied
     * @param name what messages call it
     * @throws InvalidBaseModelException if it is malformed
     */
    public static SafetensorsFile parse(byte[] bytes, String name) {
        return SafetensorsHeader.read(ByteSource.of(bytes, name));
    }

    /** The header's {@code __metadata__}; empty if it has none. */
    public Map<String, String> metadata() {
        return metadata;
    }

    /** All tensors in the order in which their data lie. */
    public Collection<SafetensorsTensor> tensors() {
        return tensors.values();
    }

    /** Whether there is a tensor of that name. */
    public boolean contains(String name) {
        return tensors.containsKey(name);
    }

    /**
     * A tensor's entry.
     *
     * @throws InvalidBaseModelException if there is none of that name
     */
    public SafetensorsTensor tensor(String name) {
        @Nullable SafetensorsTensor tensor = tensors.get(name);
        if (tensor == null) {
            throw new InvalidBaseModelException(source.name() + ": tensor " + name + " is missing");
        }
        return tensor;
    }

    /** All values of an F32, F16 or BF16 tensor, row-major. */
    public float[] floats(String name) {
        float[] values = new float[size(tensor(name))];
        read(name, 0, values.length, values);
        return values;
    }

    /**
     * Reads values of an F32, F16 or BF16 tensor.
     *
     * @param first index of the first value, row-major
     * @param count number of values, which fill {@code destination} from its start
     */
    public void read(String name, long first, int count, float[] destination) {
        SafetensorsTensor tensor = tensor(name);
        ElementType type = tensor.type().weightType().orElseThrow(() -> wrongType(tensor, "F32, F16 or BF16"));
        if (first < 0 || count < 0 || first > tensor.elements() - count) {
            throw new IllegalArgumentException("values " + first + " to " + (first + count) + " of tensor " + name
                    + " must be within its " + tensor.elements());
        }
        int chunkElements = CHUNK_BYTES / type.blockBytes();
        byte[] chunk = new byte[Math.min(chunkElements, count) * type.blockBytes()];
        for (int done = 0; done < count; done += chunkElements) {
            int elements = Math.min(chunkElements, count - done);
            source.read(tensor.offset() + type.bytesOf(first + done), chunk, 0, elements * type.blockBytes());
            Dequantiser.decode(type, chunk, 0, elements, destination, done);
        }
    }

    /** All values of an I64 tensor, row-major. */
    public long[] longs(String name) {
        ByteBuffer bytes = bytes(tensor(name), SafetensorsType.I64);
        long[] values = new long[bytes.remaining() / Long.BYTES];
        bytes.asLongBuffer().get(values);
        return values;
    }

    /** All values of an I32 tensor, row-major. */
    public int[] ints(String name) {
        ByteBuffer bytes = bytes(tensor(name), SafetensorsType.I32);
        int[] values = new int[bytes.remaining() / Integer.BYTES];
        bytes.asIntBuffer().get(values);
        return values;
    }

    private ByteBuffer bytes(SafetensorsTensor tensor, SafetensorsType type) {
        if (tensor.type() != type) {
            throw wrongType(tensor, type.name());
        }
        byte[] bytes = new byte[Math.multiplyExact(size(tensor), type.bytes())];
        source.read(tensor.offset(), bytes, 0, bytes.length);
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private int size(SafetensorsTensor tensor) {
        if (tensor.elements() > MOST_VALUES) {
            throw new InvalidBaseModelException(source.name() + ": tensor " + tensor.name() + " has "
                    + tensor.elements() + " values, too many to be read at once");
        }
        return (int) tensor.elements();
    }

    private InvalidBaseModelException wrongType(SafetensorsTensor tensor, String allowed) {
        return new InvalidBaseModelException(
                source.name() + ": tensor " + tensor.name() + " is " + tensor.type() + " but must be " + allowed);
    }

    /** The bytes, to read weights from. */
    ByteSource source() {
        return source;
    }

    @Override
    public void close() {
        source.close();
    }
}
