package io.sparklora.dataprep.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * Cuts a text into pieces whose tokens, one after the other, are the text's tokens: before each single space between two
 * visible characters. Byte-level BPE has expressions cut words before it merges anything, and in those that are listed here
 * a space is at most the first character of a word, so that each word is within one piece. Others, SentencePiece's for one,
 * merge across spaces: their texts stay whole.
 */
final class Pieces {
    private static final String WORDS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|%s"
            + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    /** Llama 3's and Qwen 2's. */
    private static final Set<String> EXPRESSIONS = Set.of(WORDS.formatted("\\p{N}{1,3}"), WORDS.formatted("\\p{N}"));

    private static final char LAST_OF_ASCII = '~';

    private Pieces() {}

    /**
     * Whether a tokenizer allows it.
     *
     * @param tokenizer a {@code tokenizer.json} without a post-processor
     */
    static boolean areIndependent(JsonNode tokenizer) {
        return isByteLevel(tokenizer.path("model"))
                && List.of("", "NFC").contains(type(tokenizer.path("normalizer")))
                && cutsBeforeSpaces(tokenizer.path("pre_tokenizer"))
                && stream(tokenizer.path("added_tokens")).allMatch(Pieces::keepsToItself);
    }

    /** The index after the piece that starts at a place. */
    static int end(String text, int start) {
        int space = text.indexOf(' ', start + 1);
        while (space >= 0 && !isCut(text, space)) {
            space = text.indexOf(' ', space + 1);
        }
        return space < 0 ? text.length() : space;
    }

    private static boolean isCut(String text, int space) {
        return space + 1 < text.length() && isVisible(text.charAt(space - 1)) && isVisible(text.charAt(space + 1));
    }

    /** No white space in anyone's view, and nothing that a normal form joins with a space. */
    private static boolean isVisible(char character) {
        return (character > ' ' && character <= LAST_OF_ASCII) || Character.isLetter(character);
    }

    private static boolean isByteLevel(JsonNode model) {
        return type(model).equals("BPE")
                && model.path("dropout").asDouble() == 0
                && model.path("continuing_subword_prefix").asText("").isEmpty()
                && model.path("end_of_word_suffix").asText("").isEmpty();
    }

    private static boolean cutsBeforeSpaces(JsonNode preTokenizer) {
        List<JsonNode> parts = new ArrayList<>(
                type(preTokenizer).equals("Sequence")
                        ? stream(preTokenizer.path("pretokenizers")).toList()
                        : List.of(preTokenizer));
        parts.removeIf(part -> type(part).equals("Digits"));
        if (parts.size() == 1) {
            return isByteLevel(parts.get(0), true);
        }
        return parts.size() == 2 && cutsWords(parts.get(0)) && isByteLevel(parts.get(1), false);
    }

    private static boolean cutsWords(JsonNode split) {
        return type(split).equals("Split")
                && EXPRESSIONS.contains(split.path("pattern").path("Regex").asText())
                && split.path("behavior").asText().equals("Isolated")
                && !split.path("invert").asBoolean();
    }

    private static boolean isByteLevel(JsonNode part, boolean cutsWords) {
        return type(part).equals("ByteLevel")
                && !part.path("add_prefix_space").asBoolean(true)
                && part.path("use_regex").asBoolean(true) == cutsWords;
    }

    /** Whether an added token neither holds a space nor looks at its neighbours; texts can't spell the special ones. */
    private static boolean keepsToItself(JsonNode token) {
        boolean isAlone = Stream.of("single_word", "lstrip", "rstrip")
                .noneMatch(flag -> token.path(flag).asBoolean());
        return token.path("special").asBoolean()
                || (isAlone && token.path("content").asText().indexOf(' ') < 0);
    }

    private static String type(JsonNode part) {
        return part.path("type").asText("");
    }

    private static Stream<JsonNode> stream(JsonNode list) {
        return StreamSupport.stream(list.spliterator(), false);
    }
}
