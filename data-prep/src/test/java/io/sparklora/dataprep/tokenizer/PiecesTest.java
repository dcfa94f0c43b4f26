package io.sparklora.dataprep.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class PiecesTest {
    /** What Qwen's texts may spell, an added token that is not special. */
    private static final String THINK = "<think>";

    private static final List<String> PARTS = List.of(
            "a",
            "b",
            "B",
            " ",
            " ",
            " ",
            "  ",
            "1",
            "22",
            ".",
            "...",
            "'s",
            "'",
            "\n",
            "\r\n",
            "\t",
            "\u00e9",
            "e\u0301",
            "\u4e16",
            "\u00a0",
            "\u2028",
            "\u0301",
            "\uD83D\uDE00",
            "<|",
            THINK,
            "\u001f");
    /** As byte-level BPE writes space, line feed and others. */
    private static final List<String> MERGED = List.of("a", "b", "\u0120", "1", "2", ".", "'", "s", "\u010a", "\u010d");

    private static final String WORDS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|%s"
            + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

    private ObjectNode tokenizer = TinyVocabulary.JSON.createObjectNode();

    /** Merges whatever stands beside each other, so that another cut gives other tokens. */
    @BeforeEach
    void mergeAll(@TempDir Path directory) throws JsonProcessingException {
        tokenizer = (ObjectNode) TinyVocabulary.JSON.readTree(TinyVocabulary.json(directory, List.of()));
        ObjectNode model = (ObjectNode) tokenizer.path("model");
        ObjectNode vocabulary = (ObjectNode) model.path("vocab");
        ArrayNode merges = model.putArray("merges");
        List<String> pairs = pairs(MERGED, MERGED);
        for (String merge :
                Stream.concat(pairs.stream(), pairs(pairs, MERGED).stream()).toList()) {
            String token = merge.replace(" ", "");
            if (!vocabulary.has(token)) {
                vocabulary.put(token, vocabulary.size());
            }
            merges.addArray().add(merge.split(" ", -1)[0]).add(merge.split(" ", -1)[1]);
        }
    }

    private static List<String> pairs(List<String> first, List<String> second) {
        return first.stream()
                .flatMap(one -> second.stream().map(other -> one.replace(" ", "") + " " + other))
                .toList();
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpt-2", "smollm", "llama-3", "qwen-2"})
    void havePreciselyTheTextsTokens(String kind) {
        setPreTokenizer(kind);
        assertThat(Pieces.areIndependent(tokenizer)).isTrue();
        SharedTokenizer shared = new SharedTokenizer(SealedVocabulary.of(tokenizer.toString()));
        Random random = new Random(7);

        for (int round = 0; round < 2000; round++) {
            String text = random.ints(random.nextInt(40), 0, PARTS.size())
                    .mapToObj(PARTS::get)
                    .collect(Collectors.joining());

            assertThat(shared.ids(text)).as(text).isEqualTo(shared.encode(text).ids());
        }
    }

    @Test
    void endBeforeSingleSpacesBetweenVisibleCharacters() {
        assertThat(pieces("The cat  sat.\n A 1\u4e16 x, \u0301 "))
                .containsExactly("The", " cat  sat.\n A", " 1\u4e16", " x, \u0301 ");
    }

    private static List<String> pieces(String text) {
        return Stream.iterate(0, start -> start < text.length(), start -> Pieces.end(text, start))
                .map(start -> text.substring(start, Pieces.end(text, start)))
                .toList();
    }

    @Test
    void areNotIndependentWhereATokenizerLooksAcrossSpaces() {
        assertThat(without(json -> json.putNull("pre_tokenizer"))).isFalse();
        assertThat(without(json -> preTokenizer(json).put("add_prefix_space", true)))
                .isFalse();
        assertThat(without(json -> preTokenizer(json).put("use_regex", false))).isFalse();
        assertThat(without(json -> json.putObject("normalizer").put("type", "NFKC")))
                .isFalse();
        assertThat(without(json -> ((ObjectNode) json.path("model")).put("type", "Unigram")))
                .isFalse();
        assertThat(without(json -> ((ObjectNode) json.path("model")).put("end_of_word_suffix", "</w>")))
                .isFalse();
        assertThat(without(json -> added(json).put("content", "two words"))).isFalse();
        assertThat(without(json -> added(json).put("rstrip", true))).isFalse();
        assertThat(without(json -> added(json).put("content", "word"))).isTrue();
    }

    private boolean without(Consumer<ObjectNode> change) {
        ObjectNode changed = tokenizer.deepCopy();
        setPreTokenizer(
                changed,
                TinyVocabulary.JSON
                        .createObjectNode()
                        .put("type", "ByteLevel")
                        .put("trim_offsets", true)
                        .put("add_prefix_space", false));
        change.accept(changed);
        return Pieces.areIndependent(changed);
    }

    private static ObjectNode preTokenizer(ObjectNode json) {
        return (ObjectNode) json.path("pre_tokenizer");
    }

    private static ObjectNode added(ObjectNode json) {
        return ((ArrayNode) json.path("added_tokens"))
                .addObject()
                .put("special", false)
                .put("content", "x");
    }

    private void setPreTokenizer(String kind) {
        ObjectNode bytes = TinyVocabulary.JSON
                .createObjectNode()
                .put("type", "ByteLevel")
                .put("trim_offsets", true)
                .put("add_prefix_space", false);
        ObjectNode digits =
                TinyVocabulary.JSON.createObjectNode().put("type", "Digits").put("individual_digits", true);
        switch (kind) {
            case "gpt-2" -> setPreTokenizer(tokenizer, bytes);
            case "smollm" -> setPreTokenizer(tokenizer, digits, bytes);
            case "llama-3" -> setPreTokenizer(tokenizer, split("\\p{N}{1,3}"), bytes.put("use_regex", false));
            case "qwen-2" -> {
                setPreTokenizer(tokenizer, split("\\p{N}"), bytes.put("use_regex", false));
                tokenizer.putObject("normalizer").put("type", "NFC");
                addThink();
            }
            default -> throw new IllegalArgumentException(kind);
        }
    }

    private void addThink() {
        ObjectNode vocabulary = (ObjectNode) tokenizer.path("model").path("vocab");
        added(tokenizer)
                .put("id", vocabulary.size())
                .put("content", THINK)
                .put("single_word", false)
                .put("lstrip", false)
                .put("rstrip", false)
                .put("normalized", false);
        vocabulary.put(THINK, vocabulary.size());
    }

    private static void setPreTokenizer(ObjectNode tokenizer, JsonNode... parts) {
        if (parts.length == 1) {
            tokenizer.set("pre_tokenizer", parts[0]);
        } else {
            tokenizer
                    .putObject("pre_tokenizer")
                    .put("type", "Sequence")
                    .putArray("pretokenizers")
                    .addAll(List.of(parts));
        }
    }

    private static ObjectNode split(String numbers) {
        ObjectNode split =
                TinyVocabulary.JSON.createObjectNode().put("type", "Split").put("behavior", "Isolated");
        split.put("invert", false).putObject("pattern").put("Regex", WORDS.formatted(numbers));
        return split;
    }
}
