package io.sparklora.pipeline.basemodel;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes GGUF files for tests, well-formed ones through {@link #metadata} and {@link #tensor}, malformed ones through
 * the same calls with wrong arguments: nothing is checked here. Little-endian, version 3 unless told otherwise.
 */
public final class GgufBytes {
    private static final int U32 = 4;
    private static final int I32 = 5;
    private static final int F32 = 6;
    private static final int BOOL = 7;
    private static final int STRING = 8;
    private static final int ARRAY = 9;

    private final List<Metadata> metadata = new ArrayList<>();
    private final List<Entry> tensors = new ArrayList<>();
    private int version = 3;
    private int alignment = 32;
    private long extraMetadata;
    private long extraTensors;

    @SuppressWarnings("ArrayRecordComponent")
    private record Metadata(String key, byte[] bytes) {}

    @SuppressWarnings("ArrayRecordComponent")
    private record Entry(String name, int type, long[] dimensions, byte[] data, long shift) {}

    /** Sets the version number in the header. */
    public GgufBytes version(int number) {
        version = number;
        return this;
    }

    /** Aligns tensors to this many bytes; the key that tells readers so is the caller's to add. */
    public GgufBytes alignment(int bytes) {
        alignment = bytes;
        return this;
    }

    /** Claims this many more metadata entries and tensors than there are. */
    public GgufBytes claimingMore(long metadataEntries, long tensorEntries) {
        extraMetadata = metadataEntries;
        extraTensors = tensorEntries;
        return this;
    }

    /** Adds a string. */
    public GgufBytes metadata(String key, String value) {
        return raw(key, new Bytes().text(key).int32(STRING).text(value));
    }

    /** Adds an unsigned 32-bit number. */
    public GgufBytes metadata(String key, int value) {
        return raw(key, new Bytes().text(key).int32(U32).int32(value));
    }

    /** Adds a 32-bit float. */
    public GgufBytes metadata(String key, float value) {
        return raw(key, new Bytes().text(key).int32(F32).int32(Float.floatToIntBits(value)));
    }

    /** Adds a boolean. */
    public GgufBytes metadata(String key, boolean value) {
        return raw(key, new Bytes().text(key).int32(BOOL).int8(value ? 1 : 0));
    }

    /** Adds an array of strings. */
    public GgufBytes texts(String key, List<String> values) {
        Bytes bytes = new Bytes().text(key).int32(ARRAY).int32(STRING).int64(values.size());
        values.forEach(bytes::text);
        return raw(key, bytes);
    }

    /** Adds an array of signed 32-bit numbers. */
    public GgufBytes int32s(String key, List<Integer> values) {
        Bytes bytes = new Bytes().text(key).int32(ARRAY).int32(I32).int64(values.size());
        values.forEach(bytes::int32);
        return raw(key, bytes);
    }

    /** Adds an array of 32-bit floats. */
    public GgufBytes float32s(String key, List<Float> values) {
        Bytes bytes = new Bytes().text(key).int32(ARRAY).int32(F32).int64(values.size());
        values.forEach(value -> bytes.int32(Float.floatToIntBits(value)));
        return raw(key, bytes);
    }

    /** Adds a metadata entry as it stands: key, type and value. */
    public GgufBytes raw(Bytes entry) {
        return raw("", entry);
    }

    private GgufBytes raw(String key, Bytes entry) {
        metadata.add(new Metadata(key, entry.bytes()));
        return this;
    }

    /** Takes a key out again. */
    public GgufBytes without(String key) {
        metadata.removeIf(entry -> entry.key().equals(key));
        return this;
    }

    /** Takes a tensor out again. */
    public GgufBytes withoutTensor(String name) {
        tensors.removeIf(tensor -> tensor.name().equals(name));
        return this;
    }

    /** Adds a tensor; dimensions are GGUF's, the contiguous one first. */
    public GgufBytes tensor(String name, ElementType type, byte[] data, long... dimensions) {
        return tensor(name, type.ggmlId(), 0, data, dimensions);
    }

    /** Adds a tensor of any type number, its offset shifted from where its data lie. */
    public GgufBytes tensor(String name, int type, long shift, byte[] data, long... dimensions) {
        tensors.add(new Entry(name, type, dimensions, data, shift));
        return this;
    }

    /** Adds a tensor of plain floats. */
    public GgufBytes tensor(String name, float[] values, long... dimensions) {
        ByteBuffer data = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        data.asFloatBuffer().put(values);
        return tensor(name, ElementType.F32, data.array(), dimensions);
    }

    /** The file. */
    public byte[] build() {
        Bytes file = new Bytes()
                .int32(0x46554747)
                .int32(version)
                .int64(tensors.size() + extraTensors)
                .int64(metadata.size() + extraMetadata);
        metadata.forEach(entry -> file.raw(entry.bytes()));
        long offset = 0;
        for (Entry tensor : tensors) {
            file.text(tensor.name()).int32(tensor.dimensions().length);
            for (long dimension : tensor.dimensions()) {
                file.int64(dimension);
            }
            file.int32(tensor.type()).int64(offset + tensor.shift());
            offset += aligned(tensor.data().length);
        }
        file.padTo(aligned(file.size()));
        for (Entry tensor : tensors) {
            file.raw(tensor.data()).padTo(aligned(file.size()));
        }
        return file.bytes();
    }

    private int aligned(int bytes) {
        return (bytes + alignment - 1) / alignment * alignment;
    }

    /** Little-endian bytes, one after another. */
    public static final class Bytes {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream();

        /** Appends one byte. */
        public Bytes int8(int value) {
            out.write(value);
            return this;
        }

        /** Appends four bytes. */
        public Bytes int32(int value) {
            return raw(ByteBuffer.allocate(4)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putInt(value)
                    .array());
        }

        /** Appends eight bytes. */
        public Bytes int64(long value) {
            return raw(ByteBuffer.allocate(8)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(value)
                    .array());
        }

        /** Appends a length and as many bytes of UTF-8. */
        public Bytes text(String value) {
            byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
            return int64(utf8.length).raw(utf8);
        }

        /** Appends bytes as they are. */
        public Bytes raw(byte[] bytes) {
            out.writeBytes(bytes);
            return this;
        }

        /** Appends zeros up to a size. */
        public Bytes padTo(int size) {
            return raw(new byte[size - out.size()]);
        }

        int size() {
            return out.size();
        }

        byte[] bytes() {
            return out.toByteArray();
        }
    }
}
