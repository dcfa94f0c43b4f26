package io.sparklora.pipeline.basemodel;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Writes a GGUF vocabulary as the {@code tokenizer.json} that Hugging Face's tokenizers library reads. Only what cuts
 * and merges is in it: no post-processor, since a GGUF file states BOS as a flag ({@link SpecialTokens}).
 */
final class GgufTokenizer {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private GgufTokenizer() {}

    static String json(GgufVocabulary vocabulary) {
        boolean sentencePiece = vocabulary.preTokenizer() == GgufPreTokenizer.SENTENCE_PIECE;
        ObjectNode json = NODES.objectNode();
        json.put("version", "1.0");
        json.putNull("truncation");
        json.putNull("padding");
        json.set("added_tokens", addedTokens(vocabulary));
        if (sentencePiece) {
            SentencePieceBpe.describe(vocabulary, json);
        } else {
            json.putNull("normalizer");
            json.set("pre_tokenizer", preTokenizer(vocabulary.preTokenizer()));
            json.putNull("post_processor");
            json.set("decoder", byteLevel().put("add_prefix_space", true));
            json.set(
                    "model",
                    model(vocabulary, vocabulary.merges())
                            .put("ignore_merges", vocabulary.preTokenizer().ignoresMerges()));
        }
        try {
            return JSON.writeValueAsString(json);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree of JSON nodes can always be written", e);
        }
    }

    /** Tokens that are found in text before anything is cut: control tokens, which the library calls special, and others. */
    private static ArrayNode addedTokens(GgufVocabulary vocabulary) {
        Set<GgufVocabulary.TokenType> special = vocabulary.preTokenizer() == GgufPreTokenizer.SENTENCE_PIECE
                ? Set.of(GgufVocabulary.TokenType.CONTROL, GgufVocabulary.TokenType.UNKNOWN)
                : Set.of(GgufVocabulary.TokenType.CONTROL);
        ArrayNode added = NODES.arrayNode();
        vocabulary.ids().forEach((token, id) -> {
            GgufVocabulary.TokenType type = vocabulary.types().get(id);
            if (special.contains(type) || type == GgufVocabulary.TokenType.USER_DEFINED) {
                added.addObject()
                        .put("id", id)
                        .put("content", token)
                        .put("single_word", false)
                        .put("lstrip", false)
                        .put("rstrip", vocabulary.stripsSpacesAfter(token))
                        .put("normalized", false)
                        .put("special", special.contains(type));
            }
        });
        return added;
    }

    private static ObjectNode preTokenizer(GgufPreTokenizer preTokenizer) {
        return switch (preTokenizer) {
            case SMOLLM ->
                sequence(NODES.objectNode().put("type", "Digits").put("individual_digits", true), byteLevel());
            case GPT_2 -> byteLevel();
            case LLAMA_BPE, QWEN2 -> {
                ObjectNode split = NODES.objectNode().put("type", "Split");
                split.putObject("pattern").put("Regex", preTokenizer.words().orElseThrow());
                split.put("behavior", "Isolated").put("invert", false);
                yield sequence(split, byteLevel().put("use_regex", false));
            }
            case SENTENCE_PIECE -> throw new IllegalArgumentException("SentencePiece does not cut text");
        };
    }

    private static ObjectNode sequence(ObjectNode first, ObjectNode second) {
        ObjectNode sequence = NODES.objectNode().put("type", "Sequence");
        sequence.putArray("pretokenizers").add(first).add(second);
        return sequence;
    }

    private static ObjectNode byteLevel() {
        return NODES.objectNode()
                .put("type", "ByteLevel")
                .put("add_prefix_space", false)
                .put("trim_offsets", true)
                .put("use_regex", true);
    }

    /** A BPE model without byte fallback; the caller changes what differs. */
    static ObjectNode model(GgufVocabulary vocabulary, List<List<String>> merges) {
        ObjectNode model = NODES.objectNode().put("type", "BPE");
        model.putNull("dropout");
        model.putNull("unk_token");
        model.putNull("continuing_subword_prefix");
        model.putNull("end_of_word_suffix");
        model.put("fuse_unk", false).put("byte_fallback", false).put("ignore_merges", false);
        ObjectNode tokens = model.putObject("vocab");
        for (Map.Entry<String, Integer> token : vocabulary.ids().entrySet()) {
            tokens.put(token.getKey(), token.getValue());
        }
        ArrayNode pairs = model.putArray("merges");
        merges.forEach(pair -> pairs.addArray().add(pair.get(0)).add(pair.get(1)));
        return model;
    }
}
