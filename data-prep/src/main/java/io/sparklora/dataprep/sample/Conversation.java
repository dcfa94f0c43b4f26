package io.sparklora.dataprep.sample;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;

/**
 * Messages and tool definitions as a chat template sees them.
 *
 * @param messages objects with role and content
 * @param tools an array, or JSON's null for none
 */
record Conversation(List<JsonNode> messages, JsonNode tools) {
    Conversation {
        messages = List.copyOf(messages);
    }

    /** One question and its answer. */
    static Conversation of(String prompt, String completion) {
        return new Conversation(
                List.of(message("user", prompt), message("assistant", completion)),
                JsonNodeFactory.instance.nullNode());
    }

    private static JsonNode message(String role, String content) {
        return JsonNodeFactory.instance.objectNode().put("role", role).put("content", content);
    }

    boolean isAssistant(int message) {
        return "assistant".equals(messages.get(message).path("role").asText());
    }

    /** The messages before one. */
    Conversation before(int message) {
        return new Conversation(messages.subList(0, message), tools);
    }

    /** The messages up to one, with that one's content replaced. */
    Conversation upTo(int message, String content) {
        List<JsonNode> first = new ArrayList<>(messages.subList(0, message));
        first.add(((ObjectNode) messages.get(message).deepCopy()).put("content", content));
        return new Conversation(first, tools);
    }

    /** Names of the functions that a message calls. */
    List<String> calls(int message) {
        List<String> names = new ArrayList<>();
        for (JsonNode call : messages.get(message).path("tool_calls")) {
            names.add(call.path("function").path("name").asText());
        }
        return names;
    }

    /** The object with {@code messages} and {@code tools}. */
    ObjectNode json() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        ArrayNode array = json.putArray("messages");
        messages.forEach(array::add);
        json.set("tools", tools);
        return json;
    }
}
