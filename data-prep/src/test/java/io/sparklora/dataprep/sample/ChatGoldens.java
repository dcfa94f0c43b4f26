package io.sparklora.dataprep.sample;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** Conversations as transformers renders them by the templates of seven model families: {@code interop/chat_goldens.py}. */
final class ChatGoldens {
    private static final JsonNode GOLDENS = read();

    private ChatGoldens() {}

    /**
     * One conversation by one template.
     *
     * @param template the family's name
     * @param conversation the conversation's name
     */
    record Golden(String template, String conversation) {
        private JsonNode family() {
            return GOLDENS.path("templates").path(template);
        }

        ChatFormat format() {
            Set<String> stops = new TreeSet<>();
            family().path("stop_tokens").forEach(stop -> stops.add(stop.asText()));
            return new ChatFormat(
                    resource("templates/" + template + ".jinja"),
                    family().path("bos_token").asText(),
                    family().path("eos_token").asText(),
                    stops);
        }

        List<String> specialTokens() {
            return texts(family().path("special_tokens"));
        }

        JsonNode sample() {
            return GOLDENS.path("conversations").path(conversation);
        }

        /** Empty where the template refuses the conversation. */
        Optional<String> rendered() {
            return Optional.ofNullable(
                    family().path("rendered").path(conversation).textValue());
        }

        List<String> supervised() {
            return texts(family().path("supervised").path(conversation));
        }

        @Override
        public String toString() {
            return conversation + " by " + template;
        }
    }

    static List<Golden> all() {
        List<Golden> all = new ArrayList<>();
        GOLDENS.path("templates").fieldNames().forEachRemaining(template -> GOLDENS.path("conversations")
                .fieldNames()
                .forEachRemaining(conversation -> all.add(new Golden(template, conversation))));
        return all;
    }

    private static List<String> texts(JsonNode array) {
        List<String> texts = new ArrayList<>();
        array.forEach(text -> texts.add(text.asText()));
        return texts;
    }

    private static JsonNode read() {
        try {
            return new ObjectMapper().readTree(resource("goldens.json"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static String resource(String name) {
        try (InputStream in = Objects.requireNonNull(ChatGoldens.class.getResourceAsStream(name), name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
