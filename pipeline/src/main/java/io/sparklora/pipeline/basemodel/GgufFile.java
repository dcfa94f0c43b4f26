package io.sparklora.pipeline.basemodel;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The container: metadata and where tensors lie, checked whole on opening. GGUF versions 2 and 3, little-endian
 * (github.com/ggml-org/ggml/blob/master/docs/gguf.md). Safe for use by many threads.
 */
final class GgufFile implements AutoCloseable {
    private static final int MAGIC = 0x46554747;
    private static final int LEAST_METADATA_BYTES = 8 + 4 + 1;
    private static final int LEAST_TENSOR_BYTES = 8 + 1 + 4 + 8 + 4 + 8;
    private static final int MOST_ENTRIES = 1 << 20;
    private static final int MOST_NAME_BYTES = 64;
    private static final int MOST_DIMENSIONS = 4;
    private static final long MOST_ALIGNMENT = 1 << 16;

    private final ByteSource source;
    private final GgufMetadata metadata;
    private final List<GgufEntry> entries;
    private final long alignment;
    private final Map<String, GgufTensor> tensors;

    private GgufFile(
            ByteSource source,
            GgufMetadata metadata,
            List<GgufEntry> entries,
            long alignment,
            Map<String, GgufTensor> tensors) {
        this.source = source;
        this.metadata = metadata;
        this.entries = entries;
        this.alignment = alignment;
        this.tensors = tensors;
    }

    /** Opens and checks a file; the caller closes it. */
    static GgufFile open(Path path) {
        ByteSource source = ByteSource.open(path);
        try {
            return read(source);
        } catch (RuntimeException | Error e) {
            source.close();
            throw e;
        }
    }

    /** Reads and checks a header. */
    static GgufFile read(ByteSource source) {
        GgufCursor cursor = new GgufCursor(source);
        checkVersion(cursor);
        int tensorCount = cursor.count("the number of tensors", LEAST_TENSOR_BYTES, MOST_ENTRIES);
        int metadataCount = cursor.count("the number of metadata entries", LEAST_METADATA_BYTES, MOST_ENTRIES);
        Map<String, GgufEntry> entries = GgufMetadataReader.read(cursor, metadataCount);
        GgufMetadata metadata = new GgufMetadata(source.name(), values(entries));
        long alignment = alignment(metadata);
        Map<String, GgufTensor> unplaced = new LinkedHashMap<>();
        for (int i = 0; i < tensorCount; i++) {
            long at = cursor.position();
            GgufTensor tensor = tensor(cursor, alignment);
            if (unplaced.put(tensor.name(), tensor) != null) {
                throw cursor.refusal(at, "tensor " + tensor.name() + " is there twice");
            }
        }
        long dataStart = (cursor.position() + alignment - 1) & -alignment;
        return new GgufFile(
                source, metadata, List.copyOf(entries.values()), alignment, placed(unplaced, dataStart, source));
    }

    private static Map<String, GgufValue> values(Map<String, GgufEntry> entries) {
        Map<String, GgufValue> values = new LinkedHashMap<>();
        entries.forEach((key, entry) -> values.put(key, entry.value()));
        return values;
    }

    private static void checkVersion(GgufCursor cursor) {
        if (cursor.remaining() < 4 || cursor.int32() != MAGIC) {
            throw cursor.refusal(0, "this is no GGUF file: it must start with the letters GGUF");
        }
        int version = cursor.int32();
        if (version != 2 && version != 3) {
            String bigEndian = (version & 0xFFFF) == 0 ? " (big-endian files are not read)" : "";
            throw cursor.refusal(
                    4, "GGUF version " + Integer.toUnsignedString(version) + bigEndian + " must be 2 or 3");
        }
    }

    private static long alignment(GgufMetadata metadata) {
        long alignment = metadata.whole("general.alignment").orElse(32);
        if (alignment < 8 || alignment > MOST_ALIGNMENT || Long.bitCount(alignment) != 1) {
            throw metadata.refusal("general.alignment", "a power of two in [8, " + MOST_ALIGNMENT + "]");
        }
        return alignment;
    }

    /** A tensor whose position is still relative to where data start. */
    private static GgufTensor tensor(GgufCursor cursor, long alignment) {
        String name = cursor.text("a tensor's name", MOST_NAME_BYTES);
        long at = cursor.position();
        int dimensionCount = cursor.int32();
        if (dimensionCount < 1 || dimensionCount > MOST_DIMENSIONS) {
            throw cursor.refusal(
                    at,
                    "tensor " + name + " has " + Integer.toUnsignedString(dimensionCount)
                            + " dimensions but must have 1 to " + MOST_DIMENSIONS);
        }
        List<Long> dimensions = new ArrayList<>();
        for (int i = 0; i < dimensionCount; i++) {
            dimensions.add(cursor.uint64("a dimension of tensor " + name));
        }
        int typeId = cursor.int32();
        ElementType type = GgufTypes.weightType(typeId)
                .orElseThrow(() -> cursor.refusal(
                        at,
                        "tensor " + name + " is of type " + GgufTypes.name(typeId) + ", which is not read; read are "
                                + Arrays.toString(ElementType.values())));
        checkDimensions(cursor, at, name, type, dimensions);
        long offset = cursor.uint64("the offset of tensor " + name);
        if (offset % alignment != 0) {
            throw cursor.refusal(
                    at, "tensor " + name + " is at offset " + offset + ", which must be a multiple of " + alignment);
        }
        return new GgufTensor(name, type, dimensions, offset);
    }

    private static void checkDimensions(
            GgufCursor cursor, long at, String name, ElementType type, List<Long> dimensions) {
        long elements = 1;
        for (long dimension : dimensions) {
            // No tensor holds more elements than the file has bits, so that no product below can overflow.
            if (dimension < 1 || dimension > 8 * cursor.size() / elements) {
                throw cursor.refusal(at, "tensor " + name + " of dimensions " + dimensions + " cannot fit this file");
            }
            elements *= dimension;
        }
        if (dimensions.get(0) % type.blockElements() != 0) {
            throw cursor.refusal(
                    at,
                    "tensor " + name + " of type " + type + " has rows of " + dimensions.get(0)
                            + " elements but must have a multiple of " + type.blockElements());
        }
    }

    private static Map<String, GgufTensor> placed(Map<String, GgufTensor> unplaced, long dataStart, ByteSource source) {
        Map<String, GgufTensor> placed = new LinkedHashMap<>();
        for (GgufTensor tensor : unplaced.values()) {
            if (tensor.position() > source.size() - dataStart - tensor.byteLength()) {
                throw new InvalidBaseModelException(source.name() + ": tensor " + tensor.name() + " needs "
                        + tensor.byteLength() + " bytes at offset " + tensor.position()
                        + " of the data, which start at byte "
                        + dataStart + ", but the file has " + source.size() + " bytes: it is truncated or malformed");
            }
            long position = dataStart + tensor.position();
            placed.put(tensor.name(), new GgufTensor(tensor.name(), tensor.type(), tensor.dimensions(), position));
        }
        refuseOverlap(placed.values(), source);
        return Collections.unmodifiableMap(placed);
    }

    private static void refuseOverlap(Collection<GgufTensor> tensors, ByteSource source) {
        List<GgufTensor> ordered = tensors.stream()
                .sorted(Comparator.comparingLong(GgufTensor::position))
                .toList();
        for (int i = 1; i < ordered.size(); i++) {
            GgufTensor before = ordered.get(i - 1);
            if (before.end() > ordered.get(i).position()) {
                throw new InvalidBaseModelException(source.name() + ": tensor " + before.name() + " ends at byte "
                        + before.end() + " but tensor " + ordered.get(i).name() + " starts at byte "
                        + ordered.get(i).position() + ": they must not overlap");
            }
        }
    }

    String name() {
        return source.name();
    }

    GgufMetadata metadata() {
        return metadata;
    }

    /** The metadata's entries in the file's order. */
    List<GgufEntry> entries() {
        return entries;
    }

    /** Bytes that the start of each tensor's data is a multiple of. */
    long alignment() {
        return alignment;
    }

    Collection<GgufTensor> tensors() {
        return tensors.values();
    }

    Optional<GgufTensor> tensor(String name) {
        return Optional.ofNullable(tensors.get(name));
    }

    /** The bytes, to read tensors from. */
    ByteSource source() {
        return source;
    }

    @Override
    public void close() {
        source.close();
    }
}
