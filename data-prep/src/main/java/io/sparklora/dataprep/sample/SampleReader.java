package io.sparklora.dataprep.sample;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sparklora.dataprep.tokenizer.SealedVocabulary;
import io.sparklora.pipeline.config.SourceConfig;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Reads a row of the corpus as a sample. Messages come in as they stand, but for what the world writes in more than one
 * way: keys whose value is null and empty lists of tool calls are left out, a tool call's arguments that are a string of
 * JSON become the object, a message that calls tools without content gets an empty one, and ShareGPT's {@code from} and
 * {@code value} become role and content.
 */
final class SampleReader {
    private static final ObjectMapper JSON = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(
                            StreamReadConstraints.builder().maxNestingDepth(64).build())
                    .build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();
    private static final String ROLE = "[a-z_]{1,32}";
    private static final String FROM = "from";
    private static final String VALUE = "value";

    /** Who speaks in the ShareGPT shape, and the role that templates know. */
    private static final Map<String, String> SPEAKERS = Map.of(
            "human",
            "user",
            "user",
            "user",
            "gpt",
            "assistant",
            "assistant",
            "assistant",
            "system",
            "system",
            "tool",
            "tool");

    private SampleReader() {}

    /**
     * The sample in a row; empty where it is none.
     *
     * @param values for an instruction, the prompt's columns and then the completion; for a chat, messages and tools
     */
    static Optional<SampleTexts> read(SourceConfig.Kind kind, List<@Nullable String> values) {
        return switch (kind) {
            case TEXT -> Optional.empty();
            case INSTRUCTION -> instruction(values);
            case CHAT -> chat(values.get(0), values.get(1));
        };
    }

    private static Optional<SampleTexts> instruction(List<@Nullable String> values) {
        String prompt = values.subList(0, values.size() - 1).stream()
                .filter(value -> value != null && !value.isBlank())
                .collect(Collectors.joining("\n\n"));
        String completion = values.get(values.size() - 1);
        if (prompt.isEmpty() || completion == null || completion.isBlank()) {
            return Optional.empty();
        }
        ObjectNode sample = JsonNodeFactory.instance.objectNode();
        sample.put("prompt", SealedVocabulary.cleaned(prompt));
        sample.put("completion", SealedVocabulary.cleaned(completion));
        return Optional.of(SampleTexts.of(sample));
    }

    private static Optional<SampleTexts> chat(@Nullable String messages, @Nullable String tools) {
        Optional<JsonNode> read =
                messages == null ? Optional.empty() : parsed(messages).map(SampleReader::withRoles);
        Optional<JsonNode> defined = tools == null || tools.isBlank() ? Optional.of(none()) : parsed(tools);
        if (read.isEmpty() || !isConversation(read.get()) || defined.isEmpty() || !isTools(defined.get())) {
            return Optional.empty();
        }
        ArrayNode tidied = JsonNodeFactory.instance.arrayNode();
        for (JsonNode message : read.get()) {
            tidied.add(tidied((ObjectNode) message));
        }
        ObjectNode sample = JsonNodeFactory.instance.objectNode();
        sample.set("messages", tidied);
        sample.set("tools", defined.get().isEmpty() ? none() : defined.get());
        return Optional.of(SampleTexts.of((ObjectNode) SampleTexts.allMapped(sample, SealedVocabulary::cleaned)));
    }

    private static JsonNode none() {
        return JsonNodeFactory.instance.nullNode();
    }

    private static Optional<JsonNode> parsed(String json) {
        try {
            return Optional.ofNullable(JSON.readTree(json)).filter(node -> !node.isMissingNode());
        } catch (JsonProcessingException e) {
            return Optional.empty();
        }
    }

    /** Messages of the ShareGPT shape in the usual one; all others as they are. */
    private static JsonNode withRoles(JsonNode messages) {
        ArrayNode named = JsonNodeFactory.instance.arrayNode();
        messages.forEach(message ->
                named.add(message instanceof ObjectNode object && isShareGpt(object) ? withRole(object) : message));
        return messages.isArray() ? named : messages;
    }

    private static boolean isShareGpt(ObjectNode message) {
        return SPEAKERS.containsKey(message.path(FROM).asText())
                && message.path(VALUE).isTextual()
                && !message.has("role");
    }

    private static ObjectNode withRole(ObjectNode message) {
        ObjectNode named = message.objectNode();
        named.put("role", SPEAKERS.get(message.path(FROM).asText()));
        named.set("content", message.path(VALUE));
        message.properties().stream()
                .filter(field -> !field.getKey().equals(FROM) && !field.getKey().equals(VALUE))
                .forEach(field -> named.set(field.getKey(), field.getValue()));
        return named;
    }

    /** Whether it is a list of objects with roles, one of them an assistant's. */
    private static boolean isConversation(JsonNode messages) {
        boolean isAnswered = false;
        for (JsonNode message : messages) {
            String role = message.path("role").asText("");
            if (!message.isObject() || !role.matches(ROLE)) {
                return false;
            }
            isAnswered |= role.equals("assistant");
        }
        return messages.isArray() && isAnswered;
    }

    private static boolean isTools(JsonNode tools) {
        return tools.isNull() || (tools.isArray() && tools.valueStream().allMatch(JsonNode::isObject));
    }

    private static ObjectNode tidied(ObjectNode message) {
        ObjectNode tidied = message.objectNode();
        message.properties().stream()
                .filter(field -> !field.getValue().isNull())
                .forEach(field -> tidied.set(field.getKey(), field.getValue()));
        if (tidied.path("tool_calls").isEmpty()) {
            tidied.remove("tool_calls");
            return tidied;
        }
        if (!tidied.has("content")) {
            tidied.put("content", "");
        }
        for (JsonNode call : tidied.path("tool_calls")) {
            if (call.path("function") instanceof ObjectNode function) {
                arguments(function).ifPresent(arguments -> function.set("arguments", arguments));
            }
        }
        return tidied;
    }

    private static Optional<JsonNode> arguments(ObjectNode function) {
        JsonNode arguments = function.path("arguments");
        return arguments.isTextual()
                ? parsed(Objects.requireNonNull(arguments.textValue())).filter(JsonNode::isObject)
                : Optional.empty();
    }
}
