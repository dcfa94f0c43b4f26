package io.sparklora.pipeline.basemodel;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeSet;

/**
 * The special tokens and chat template of a Hugging Face directory. Ids come from {@code config.json}, what it lacks from
 * the token names in {@code tokenizer_config.json}, more ends of sequence from {@code generation_config.json}.
 *
 * @param config {@code config.json}
 * @param tokenizer {@code tokenizer.json}
 * @param tokenizerConfig {@code tokenizer_config.json}, or an empty object
 * @param generationConfig {@code generation_config.json}, or an empty object
 */
record HuggingFaceTokens(
        JsonFields config, JsonFields tokenizer, JsonFields tokenizerConfig, JsonFields generationConfig) {
    /** The token ids, each within the vocabulary. */
    SpecialTokens specialTokens(int vocabularySize) {
        Map<String, Integer> added = addedTokens();
        OptionalInt bos = id("bos", added);
        TreeSet<Integer> eos = new TreeSet<>(ids(config));
        eos.addAll(ids(generationConfig));
        named("eos", added).ifPresent(eos::add);
        boolean bosByDefault = bos.isPresent()
                && tokenizerConfig.flag("add_bos_token").orElseGet(() -> startsWith(bos.getAsInt(), added));
        SpecialTokens tokens = EndOfText.complete(added, bos, bosByDefault, eos, id("pad", added))
                .orElseThrow(() -> config.missing("eos_token_id"));
        int highest = Math.max(
                Math.max(bos.orElse(0), tokens.pad().orElse(0)),
                tokens.eos().get(tokens.eos().size() - 1));
        if (highest >= vocabularySize) {
            throw new InvalidBaseModelException(
                    config.where() + ": special token id " + highest + " must be below vocab_size " + vocabularySize);
        }
        checkVocabulary(added, vocabularySize);
        return tokens;
    }

    /** The id of the token that {@code tokenizer_config.json} calls its end-of-sequence token. */
    OptionalInt endOfSequence() {
        return named("eos", addedTokens());
    }

    /** Refuses a tokenizer that gives ids for which the model has no embedding. */
    private void checkVocabulary(Map<String, Integer> added, int vocabularySize) {
        added.forEach((token, id) -> checkId(token, id, vocabularySize));
        JsonFields model = tokenizer.object("model").orElseThrow(() -> tokenizer.missing("model"));
        JsonNode vocabulary = model.node("vocab").orElseThrow(() -> model.missing("vocab"));
        if (vocabulary.isArray() && vocabulary.size() > vocabularySize) {
            checkId(StrictJson.shown(vocabulary.get(vocabularySize)), vocabularySize, vocabularySize);
        }
        for (Map.Entry<String, JsonNode> entry : vocabulary.properties()) {
            checkId(entry.getKey(), entry.getValue().asInt(-1), vocabularySize);
        }
    }

    private void checkId(String token, int id, int vocabularySize) {
        if (id < 0 || id >= vocabularySize) {
            throw new InvalidBaseModelException(tokenizer.where() + ": token '" + token + "' has id " + id
                    + " but the model has embeddings for 0 to " + (vocabularySize - 1) + " only");
        }
    }

    private OptionalInt id(String role, Map<String, Integer> added) {
        // Some configurations say -1 for none.
        OptionalInt stated = config.whole(role + "_token_id");
        return stated.isPresent() && stated.getAsInt() >= 0 ? stated : named(role, added);
    }

    /** The id of the token that {@code tokenizer_config.json} names for a role, as a string or as an added token. */
    private OptionalInt named(String role, Map<String, Integer> added) {
        String field = role + "_token";
        Optional<String> name = tokenizerConfig
                .node(field)
                .map(node -> node.isObject() ? node.path("content").asText() : node.asText());
        return name.map(added::get).map(OptionalInt::of).orElse(OptionalInt.empty());
    }

    private static List<Integer> ids(JsonFields fields) {
        Optional<JsonNode> node = fields.node("eos_token_id");
        if (node.isEmpty() || !node.get().isArray()) {
            return fields.whole("eos_token_id").stream()
                    .boxed()
                    .filter(id -> id >= 0)
                    .toList();
        }
        TreeSet<Integer> ids = new TreeSet<>();
        for (JsonNode id : node.get()) {
            if (!id.isIntegralNumber() || !id.canConvertToInt() || id.intValue() < 0) {
                throw fields.refusal("eos_token_id", "an id or a list of ids");
            }
            ids.add(id.intValue());
        }
        return List.copyOf(ids);
    }

    private Map<String, Integer> addedTokens() {
        Map<String, Integer> added = new HashMap<>();
        for (JsonNode token : tokenizer.node("added_tokens").map(List::of).orElse(List.of()).stream()
                .flatMap(array -> array.valueStream())
                .toList()) {
            JsonFields fields = new JsonFields(token, tokenizer.where() + ": added_tokens");
            added.put(fields.text("content").orElseThrow(() -> fields.missing("content")), fields.requiredWhole("id"));
        }
        return added;
    }

    /** Whether the post-processor puts a token before a single text. */
    private boolean startsWith(int bos, Map<String, Integer> added) {
        return tokenizer
                .node("post_processor")
                .map(processor -> startsWith(processor, bos, added))
                .orElse(false);
    }

    private static boolean startsWith(JsonNode processor, int bos, Map<String, Integer> added) {
        for (JsonNode part : processor.path("processors")) {
            if (startsWith(part, bos, added)) {
                return true;
            }
        }
        String first =
                processor.path("single").path(0).path("SpecialToken").path("id").asText("");
        return added.getOrDefault(first, -1) == bos;
    }

    /** The template in {@code tokenizer_config.json}: one, or the one called default among several. */
    Optional<String> chatTemplate() {
        Optional<JsonNode> node = tokenizerConfig.node("chat_template");
        if (node.isEmpty() || node.get().isTextual()) {
            return node.map(JsonNode::textValue);
        }
        for (JsonNode named : node.get()) {
            if ("default".equals(named.path("name").textValue())) {
                return Optional.ofNullable(named.path("template").textValue());
            }
        }
        throw tokenizerConfig.refusal("chat_template", "a string, or a list with one named default");
    }
}
