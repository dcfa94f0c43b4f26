package io.sparklora.pipeline.basemodel;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads the metadata entries of a GGUF header. */
final class GgufMetadataReader {
    private static final int MOST_KEY_BYTES = 65_535;
    private static final int MOST_TEXT_BYTES = 1 << 26;
    private static final int MOST_ARRAY_VALUES = 1 << 24;

    private enum Type {
        UINT8(1),
        INT8(1),
        UINT16(2),
        INT16(2),
        UINT32(4),
        INT32(4),
        FLOAT32(4),
        BOOL(1),
        STRING(8),
        ARRAY(12),
        UINT64(8),
        INT64(8),
        FLOAT64(8);

        final int leastBytes;

        Type(int leastBytes) {
            this.leastBytes = leastBytes;
        }
    }

    private final GgufCursor cursor;

    private GgufMetadataReader(GgufCursor cursor) {
        this.cursor = cursor;
    }

    /** Reads {@code entries} entries from where the cursor stands, by their keys. */
    static Map<String, GgufEntry> read(GgufCursor cursor, int entries) {
        GgufMetadataReader reader = new GgufMetadataReader(cursor);
        Map<String, GgufEntry> metadata = new LinkedHashMap<>();
        for (int i = 0; i < entries; i++) {
            long at = cursor.position();
            String key = cursor.text("a metadata key", MOST_KEY_BYTES);
            GgufValue value = reader.value(key);
            if (metadata.put(key, new GgufEntry(key, value, at, cursor.position())) != null) {
                throw cursor.refusal(at, "metadata key " + key + " is there twice");
            }
        }
        return metadata;
    }

    private GgufValue value(String key) {
        Type type = type(key);
        return switch (type) {
            case STRING -> new GgufValue.Text(cursor.text("the value of " + key, MOST_TEXT_BYTES));
            case FLOAT32, FLOAT64 -> new GgufValue.Real(real(type));
            case BOOL -> new GgufValue.Flag(whole(type, key) == 1);
            case ARRAY -> array(key);
            default -> new GgufValue.Whole(whole(type, key));
        };
    }

    private Type type(String key) {
        long at = cursor.position();
        int id = cursor.int32();
        if (id < 0 || id >= Type.values().length) {
            throw cursor.refusal(
                    at,
                    "the value of " + key + " is of type " + Integer.toUnsignedString(id) + " but must be of type 0 to "
                            + (Type.values().length - 1));
        }
        return Type.values()[id];
    }

    private GgufValue array(String key) {
        long at = cursor.position();
        Type type = type(key);
        if (type == Type.ARRAY) {
            throw cursor.refusal(at, "the value of " + key + " is an array of arrays, which is not read");
        }
        int count = cursor.count("the number of values of " + key, type.leastBytes, MOST_ARRAY_VALUES);
        return switch (type) {
            case STRING -> new GgufValue.Texts(texts(key, count));
            case FLOAT32, FLOAT64 -> new GgufValue.Reals(reals(type, count));
            default -> new GgufValue.Wholes(wholes(type, key, count));
        };
    }

    private List<String> texts(String key, int count) {
        List<String> texts = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            texts.add(cursor.text("a value of " + key, MOST_TEXT_BYTES));
        }
        return texts;
    }

    private double[] reals(Type type, int count) {
        double[] reals = new double[count];
        for (int i = 0; i < count; i++) {
            reals[i] = real(type);
        }
        return reals;
    }

    private long[] wholes(Type type, String key, int count) {
        long[] wholes = new long[count];
        for (int i = 0; i < count; i++) {
            wholes[i] = whole(type, key);
        }
        return wholes;
    }

    private double real(Type type) {
        return type == Type.FLOAT32 ? Float.intBitsToFloat(cursor.int32()) : Double.longBitsToDouble(cursor.int64());
    }

    private long whole(Type type, String key) {
        return switch (type) {
            case UINT8 -> cursor.int8() & 0xFF;
            case INT8 -> cursor.int8();
            case UINT16 -> cursor.int16() & 0xFFFF;
            case INT16 -> cursor.int16();
            case UINT32 -> Integer.toUnsignedLong(cursor.int32());
            case INT32 -> cursor.int32();
            case UINT64 -> cursor.uint64("the value of " + key);
            case INT64 -> cursor.int64();
            case BOOL -> bool(key);
            case FLOAT32, FLOAT64, STRING, ARRAY -> throw new IllegalStateException(type + " is no whole number");
        };
    }

    private int bool(String key) {
        long at = cursor.position();
        int value = cursor.int8();
        if (value != 0 && value != 1) {
            throw cursor.refusal(at, "the value of " + key + " is the boolean " + value + " but must be 0 or 1");
        }
        return value;
    }
}
