package io.sparklora.dataprep.tokenizer;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * A tokenizer in which no text can spell a special token. Each special token is respelled with characters that Unicode
 * keeps out of interchange (noncharacters, U+FDD0 and following), in the list of added tokens and in the model's
 * vocabulary; ids stay as they are. {@code <|im_start|>} in a document is then cut like any other text, and whoever means
 * the token asks for it by {@link #sealed}.
 *
 * <p>Special is what {@code tokenizer.json} flags as special. Added tokens without the flag, such as Gemma's runs of line
 * feeds or Qwen's {@code <think>}, are text to the model's makers, and stay text here.
 */
public final class SealedVocabulary implements Serializable {
    private static final long serialVersionUID = 1L;
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final char OPEN = '\uFDD0';
    private static final char CLOSE = '\uFDD1';
    private static final char GUARD = '\uFDD2';
    private static final Pattern NONCHARACTERS = Pattern.compile("[\uFDD0-\uFDEF]");
    private static final String REPLACEMENT = "\uFFFD";

    private final String json;
    private final boolean hasIndependentPieces;
    private final TreeMap<String, Integer> special;
    private final TreeMap<Integer, String> added;
    private final HashMap<Character, List<String>> byFirst;

    private SealedVocabulary(ObjectNode tokenizer, Map<String, Integer> special, Map<Integer, String> added) {
        this.json = tokenizer.toString();
        this.hasIndependentPieces = Pieces.areIndependent(tokenizer);
        this.special = new TreeMap<>(special);
        this.added = new TreeMap<>(added);
        // The longest first, in a map that can travel.
        this.byFirst = new HashMap<>();
        special.keySet().stream()
                .sorted(Comparator.comparingInt(String::length).reversed())
                .forEach(token -> byFirst.computeIfAbsent(token.charAt(0), first -> new ArrayList<>())
                        .add(token));
    }

    /**
     * Reads a tokenizer.
     *
     * @param tokenizerJson as Hugging Face's tokenizers library reads it
     */
    public static SealedVocabulary of(String tokenizerJson) {
        ObjectNode tokenizer = object(tokenizerJson);
        TreeMap<String, Integer> special = new TreeMap<>();
        TreeMap<Integer, String> added = new TreeMap<>();
        for (JsonNode token : tokenizer.path("added_tokens")) {
            String content = token.path("content").asText();
            int id = token.path("id").asInt();
            added.put(id, content);
            if (token.path("special").asBoolean() && !content.isEmpty()) {
                special.put(content, id);
                // A normaliser could change the new spelling.
                ((ObjectNode) token).put("content", spelling(id)).put("normalized", false);
            }
        }
        if (tokenizer.get("model") instanceof ObjectNode model) {
            respell(model, special);
        }
        // It would add special tokens, and cut white space off the tokens' places.
        tokenizer.putNull("post_processor");
        return new SealedVocabulary(tokenizer, special, added);
    }

    private static ObjectNode object(String json) {
        try {
            return (ObjectNode) JSON.readTree(json);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("the base model's tokenizer is no JSON", e);
        }
    }

    private static void respell(ObjectNode model, Map<String, Integer> special) {
        JsonNode vocabulary = model.path("vocab");
        if (vocabulary.isObject()) {
            ObjectNode respelled = model.objectNode();
            vocabulary
                    .properties()
                    .forEach(token -> respelled.set(respelled(token.getKey(), special), token.getValue()));
            model.set("vocab", respelled);
        }
        for (JsonNode piece : vocabulary.isArray() ? vocabulary : model.arrayNode()) {
            ArrayNode pair = (ArrayNode) piece;
            pair.set(0, respelled(pair.path(0).asText(), special));
        }
        String unknown = model.path("unk_token").asText("");
        if (special.containsKey(unknown)) {
            model.put("unk_token", respelled(unknown, special));
        }
    }

    private static String respelled(String token, Map<String, Integer> special) {
        Integer id = special.get(token);
        return id == null ? token : spelling(id);
    }

    private static String spelling(int id) {
        return OPEN + Integer.toString(id) + CLOSE;
    }

    /** The tokenizer with its special tokens respelled. */
    String json() {
        return json;
    }

    /** Whether {@link Pieces} of a text have the text's tokens. */
    boolean hasIndependentPieces() {
        return hasIndependentPieces;
    }

    /** Every special token and its id, sorted. */
    public NavigableMap<String, Integer> special() {
        return Collections.unmodifiableNavigableMap(special);
    }

    /** How an added token is spelled, special or not. */
    public Optional<String> text(int id) {
        return Optional.ofNullable(added.get(id));
    }

    /** A text from outside, without the characters that are used here: each becomes U+FFFD. */
    public static String cleaned(String text) {
        return NONCHARACTERS.matcher(text).replaceAll(REPLACEMENT);
    }

    /**
     * A cleaned text that may be set between other texts without spelling a special token there: each character that
     * starts one, or could start one together with what follows the text, gets a mark behind it.
     */
    public String guarded(String text) {
        StringBuilder guarded = new StringBuilder(text.length());
        // Templates trim.
        String trimmed = text.stripTrailing();
        int place = 0;
        while (place < text.length()) {
            int next = text.offsetByCodePoints(place, 1);
            guarded.append(text, place, next);
            if (at(text, place).isPresent() || isOpen(trimmed, place)) {
                guarded.append(GUARD);
            }
            place = next;
        }
        return guarded.toString();
    }

    /** The text for {@link SharedTokenizer#encode}: its special tokens are meant, but not those in guarded parts. */
    public String sealed(String guardedText) {
        StringBuilder sealed = new StringBuilder(guardedText.length());
        int place = 0;
        while (place < guardedText.length()) {
            Optional<String> token = at(guardedText, place);
            int next = guardedText.offsetByCodePoints(place, 1);
            if (token.isPresent()) {
                sealed.append(respelled(token.get(), special));
                next = place + token.get().length();
            } else if (guardedText.charAt(place) != GUARD) {
                sealed.append(guardedText, place, next);
            }
            place = next;
        }
        return sealed.toString();
    }

    /** The first of some special tokens in a text with guarded parts, from a place on; empty where there is none. */
    public Optional<Occurrence> first(Collection<String> tokens, String guardedText, int from) {
        for (int start = from; start < guardedText.length(); start++) {
            Optional<String> token = at(guardedText, start);
            if (token.isPresent() && tokens.contains(token.get())) {
                return Optional.of(new Occurrence(start, token.get()));
            }
        }
        return Optional.empty();
    }

    /**
     * A special token in a text.
     *
     * @param start index of its first character
     * @param token as it is spelled
     */
    public record Occurrence(int start, String token) {
        /** Index after its last character. */
        public int end() {
            return start + token.length();
        }
    }

    /** The longest special token that stands at a place. */
    private Optional<String> at(String text, int place) {
        return startingWith(text.charAt(place)).stream()
                .filter(token -> text.startsWith(token, place))
                .findFirst();
    }

    /** Whether a text from a place to its end begins a special token. */
    private boolean isOpen(String text, int place) {
        return place < text.length()
                && startingWith(text.charAt(place)).stream()
                        .anyMatch(token -> token.regionMatches(0, text, place, text.length() - place));
    }

    private List<String> startingWith(char first) {
        return byFirst.getOrDefault(first, List.of());
    }

    /** The text without the marks of {@link #guarded}. */
    public static String unguarded(String text) {
        return text.replace(Character.toString(GUARD), "");
    }
}
