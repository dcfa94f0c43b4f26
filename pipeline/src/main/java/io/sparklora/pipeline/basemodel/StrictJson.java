package io.sparklora.pipeline.basemodel;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;
import java.nio.file.Path;

/** Reads JSON that must be one object, without duplicate keys and without anything after it. */
final class StrictJson {
    private static final int SHOWN = 120;
    private static final int MOST_BYTES = 1 << 28;
    private static final ObjectMapper MAPPER = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(
                            StreamReadConstraints.builder().maxNestingDepth(64).build())
                    .build())
            .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private StrictJson() {}

    /** The object in a file, which must be there. */
    static JsonNode read(Path file) {
        try (ByteSource source = ByteSource.open(file)) {
            if (source.size() > MOST_BYTES) {
                throw new InvalidBaseModelException(
                        file + ": is of " + source.size() + " bytes but must be of at most " + MOST_BYTES);
            }
            byte[] bytes = new byte[(int) source.size()];
            source.read(0, bytes, 0, bytes.length);
            return object(bytes, file.toString());
        }
    }

    /** An object without fields. */
    static JsonNode empty() {
        return JsonNodeFactory.instance.objectNode();
    }

    /** The object; {@code name} is what a refusal calls the file. */
    static JsonNode object(byte[] utf8, String name) {
        JsonNode node;
        try {
            node = MAPPER.readTree(utf8);
        } catch (JsonProcessingException e) {
            String where =
                    e.getLocation() == null ? "" : " at line " + e.getLocation().getLineNr();
            String what = e.getOriginalMessage().lines().findFirst().orElse("");
            throw new InvalidBaseModelException(name + ": this is no valid JSON" + where + ": " + what, e);
        } catch (IOException e) {
            // Nothing is read here but an array, so that this is bytes that are no text.
            throw new InvalidBaseModelException(name + ": this is no valid UTF-8", e);
        }
        if (!node.isObject()) {
            throw new InvalidBaseModelException(name + ": this must be a JSON object but is " + shown(node));
        }
        return node;
    }

    /** A value as messages show it, on one line. */
    static String shown(JsonNode node) {
        String text = node.toString();
        return text.length() > SHOWN ? text.substring(0, SHOWN) + "..." : text;
    }
}
