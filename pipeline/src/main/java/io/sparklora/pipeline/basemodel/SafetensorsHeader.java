package io.sparklora.pipeline.basemodel;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Reads and checks the header of a safetensors file: eight bytes of length, then JSON. */
final class SafetensorsHeader {
    private static final long MOST_HEADER_BYTES = 100_000_000;
    private static final int MOST_DIMENSIONS = 16;
    private static final Set<String> FIELDS = Set.of("dtype", "shape", "data_offsets");

    private final ByteSource source;
    private final long dataStart;
    private final long dataBytes;

    private SafetensorsHeader(ByteSource source, long dataStart) {
        this.source = source;
        this.dataStart = dataStart;
        dataBytes = source.size() - dataStart;
    }

    static SafetensorsFile read(ByteSource source) {
        byte[] prefix = new byte[8];
        source.read(0, prefix, 0, prefix.length);
        long length = ByteBuffer.wrap(prefix).order(ByteOrder.LITTLE_ENDIAN).getLong();
        long most = Math.min(MOST_HEADER_BYTES, source.size() - prefix.length);
        if (length < 2 || length > most) {
            throw new InvalidBaseModelException(source.name() + ": the header's length is "
                    + Long.toUnsignedString(length) + " bytes but must be in [2, " + most + "]");
        }
        byte[] json = new byte[(int) length];
        source.read(prefix.length, json, 0, json.length);
        JsonNode header = StrictJson.object(json, source.name());
        return new SafetensorsHeader(source, prefix.length + length).file(header);
    }

    private SafetensorsFile file(JsonNode header) {
        Map<String, String> metadata = new LinkedHashMap<>();
        List<SafetensorsTensor> tensors = new ArrayList<>();
        for (Map.Entry<String, JsonNode> entry : header.properties()) {
            if (entry.getKey().equals("__metadata__")) {
                readMetadata(entry.getValue(), metadata);
            } else {
                tensors.add(tensor(entry.getKey(), entry.getValue()));
            }
        }
        // Empty tensors share their offset with what follows them.
        tensors.sort(Comparator.comparingLong(SafetensorsTensor::offset).thenComparing(SafetensorsTensor::byteLength));
        refuseHoles(tensors);
        Map<String, SafetensorsTensor> byName = new LinkedHashMap<>();
        tensors.forEach(tensor -> byName.put(tensor.name(), tensor));
        return new SafetensorsFile(source, metadata, byName);
    }

    private void readMetadata(JsonNode node, Map<String, String> metadata) {
        if (!node.isObject()) {
            throw refusal("__metadata__ must be an object but is " + StrictJson.shown(node));
        }
        for (Map.Entry<String, JsonNode> entry : node.properties()) {
            if (!entry.getValue().isTextual()) {
                throw refusal("__metadata__ key '" + entry.getKey() + "' must be a string but is "
                        + StrictJson.shown(entry.getValue()));
            }
            metadata.put(entry.getKey(), entry.getValue().textValue());
        }
    }

    private SafetensorsTensor tensor(String name, JsonNode node) {
        for (String field : FIELDS) {
            if (!node.has(field)) {
                throw refusal("tensor " + name + " has no " + field);
            }
        }
        if (node.size() != FIELDS.size()) {
            throw refusal("tensor " + name + " must have the fields "
                    + FIELDS.stream().sorted().toList() + " only");
        }
        SafetensorsType type = type(name, node.get("dtype"));
        List<Long> shape = numbers(name, "shape", node.get("shape"), MOST_DIMENSIONS);
        List<Long> span = numbers(name, "data_offsets", node.get("data_offsets"), 2);
        if (span.size() != 2 || span.get(0) > span.get(1) || span.get(1) > dataBytes) {
            throw refusal("tensor " + name + " has data_offsets " + span
                    + ", which must be a start and an end within the " + dataBytes + " bytes of data");
        }
        checkSpan(name, type, shape, span.get(1) - span.get(0));
        return new SafetensorsTensor(name, type, shape, dataStart + span.get(0));
    }

    private SafetensorsType type(String name, JsonNode node) {
        return Arrays.stream(SafetensorsType.values())
                .filter(type -> type.name().equals(node.textValue()))
                .findFirst()
                .orElseThrow(() -> refusal("tensor " + name + " is of dtype " + StrictJson.shown(node)
                        + ", which is not read; read are " + Arrays.toString(SafetensorsType.values())));
    }

    private List<Long> numbers(String name, String field, JsonNode node, int most) {
        if (!node.isArray() || node.size() > most) {
            throw refusal("tensor " + name + " has " + field + " " + StrictJson.shown(node)
                    + ", which must be an array of at most " + most + " whole numbers");
        }
        List<Long> numbers = new ArrayList<>();
        for (JsonNode number : node) {
            if (!number.isIntegralNumber() || !number.canConvertToLong() || number.longValue() < 0) {
                throw refusal("tensor " + name + " has " + field + " " + StrictJson.shown(node)
                        + ", which must be whole numbers from 0 to 2^63 - 1");
            }
            numbers.add(number.longValue());
        }
        return numbers;
    }

    private void checkSpan(String name, SafetensorsType type, List<Long> shape, long bytes) {
        boolean fits;
        try {
            fits = new SafetensorsTensor(name, type, shape, 0).byteLength() == bytes;
        } catch (ArithmeticException e) {
            fits = false;
        }
        if (!fits) {
            throw refusal("tensor " + name + " of dtype " + type + " and shape " + shape + " cannot fill the " + bytes
                    + " bytes that its data_offsets give it");
        }
    }

    private void refuseHoles(List<SafetensorsTensor> ordered) {
        long end = dataStart;
        for (SafetensorsTensor tensor : ordered) {
            if (tensor.offset() != end) {
                throw refusal("tensor " + tensor.name() + " starts at byte " + tensor.offset()
                        + " but the one before ends at " + end + ": there must be no hole and no overlap");
            }
            end += tensor.byteLength();
        }
        if (end != dataStart + dataBytes) {
            throw refusal("tensors end at byte " + end + " but the file has " + source.size() + " bytes");
        }
    }

    private InvalidBaseModelException refusal(String message) {
        return new InvalidBaseModelException(source.name() + ": " + message);
    }
}
