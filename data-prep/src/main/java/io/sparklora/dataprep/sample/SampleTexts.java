package io.sparklora.dataprep.sample;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * A sample taken apart: what was said, which the steps read and may change as they do any document's text, and the
 * structure that it was said in. Said are all strings of the messages but their roles, types, names and ids.
 *
 * @param text what was said, with {@link #SEPARATOR} between
 * @param structure the sample's JSON, each string that was said left empty
 */
record SampleTexts(String text, String structure) {
    /** A noncharacter of Unicode on a line of its own. */
    static final String SEPARATOR = "\n\uFDD4\n";

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Set<String> NOT_SAID = Set.of("role", "type", "name", "id", "tool_call_id", "tools");

    /** Takes a sample apart. */
    static SampleTexts of(ObjectNode sample) {
        List<String> said = new ArrayList<>();
        JsonNode structure = mapped(sample, text -> {
            said.add(text);
            return "";
        });
        return new SampleTexts(String.join(SEPARATOR, said), structure.toString());
    }

    /**
     * The sample, put together again.
     *
     * @throws UnusableSampleException where the text has not as many parts as the structure
     */
    JsonNode joined() {
        List<String> parts = Arrays.asList(text.split(SEPARATOR, -1));
        Iterator<String> said = parts.iterator();
        List<String> missing = new ArrayList<>();
        JsonNode sample = mapped(parsed(structure), empty -> {
            if (!said.hasNext()) {
                missing.add(empty);
            }
            return said.hasNext() ? said.next() : "";
        });
        if (!missing.isEmpty() || said.hasNext()) {
            throw new UnusableSampleException(
                    SampleDefect.BROKEN_BY_A_STEP,
                    "the text has " + parts.size() + " parts, which are not the sample's");
        }
        return sample;
    }

    /** A structure with the strings replaced that nobody said, such as names and tools: all but roles. */
    static String replaced(String structure, UnaryOperator<String> replacement) {
        return allMapped(parsed(structure), text -> text.isEmpty() ? text : replacement.apply(text))
                .toString();
    }

    private static JsonNode parsed(String json) {
        try {
            return JSON.readTree(json);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a sample's structure is no JSON", e);
        }
    }

    /** The same JSON with each string that was said replaced, in order. */
    static JsonNode mapped(JsonNode node, UnaryOperator<String> replacement) {
        if (node.isTextual()) {
            return TextNode.valueOf(replacement.apply(node.textValue()));
        }
        if (node instanceof ArrayNode array) {
            ArrayNode mapped = array.arrayNode();
            array.forEach(element -> mapped.add(mapped(element, replacement)));
            return mapped;
        }
        if (node instanceof ObjectNode object) {
            ObjectNode mapped = object.objectNode();
            object.properties()
                    .forEach(field -> mapped.set(
                            field.getKey(),
                            NOT_SAID.contains(field.getKey())
                                    ? field.getValue()
                                    : mapped(field.getValue(), replacement)));
            return mapped;
        }
        return node;
    }

    /** The same JSON with every string and every key replaced, but for roles. */
    static JsonNode allMapped(JsonNode node, UnaryOperator<String> replacement) {
        if (node.isTextual()) {
            return TextNode.valueOf(replacement.apply(node.textValue()));
        }
        if (node instanceof ArrayNode array) {
            ArrayNode mapped = array.arrayNode();
            array.forEach(element -> mapped.add(allMapped(element, replacement)));
            return mapped;
        }
        if (node instanceof ObjectNode object) {
            ObjectNode mapped = object.objectNode();
            object.properties()
                    .forEach(field -> mapped.set(
                            replacement.apply(field.getKey()),
                            field.getKey().equals("role")
                                    ? field.getValue()
                                    : allMapped(field.getValue(), replacement)));
            return mapped;
        }
        return node;
    }
}
