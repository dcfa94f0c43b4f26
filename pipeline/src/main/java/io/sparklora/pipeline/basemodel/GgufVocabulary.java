package io.sparklora.pipeline.basemodel;

import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;

/**
 * The tokenizer's data of a GGUF file, checked: tokens are distinct, each has a type, ids are within the vocabulary.
 *
 * @param metadata where they are from, for what only one kind of tokenizer needs
 * @param ids every token's id, in the order of ids
 * @param types a token's type by id
 * @param preTokenizer how text is cut before merging; {@link GgufPreTokenizer#SENTENCE_PIECE} cuts not at all
 */
record GgufVocabulary(
        GgufMetadata metadata, Map<String, Integer> ids, List<TokenType> types, GgufPreTokenizer preTokenizer) {
    static final String TOKENS = "tokenizer.ggml.tokens";
    static final String TYPES = "tokenizer.ggml.token_type";

    /** ggml's token types, numbered from 1 ({@code llama.h}, enum llama_token_type). */
    enum TokenType {
        NORMAL,
        UNKNOWN,
        CONTROL,
        USER_DEFINED,
        UNUSED,
        BYTE
    }

    GgufVocabulary {
        ids = Collections.unmodifiableMap(new LinkedHashMap<>(ids));
        types = List.copyOf(types);
    }

    static GgufVocabulary of(GgufMetadata metadata) {
        GgufPreTokenizer preTokenizer = GgufPreTokenizer.of(metadata);
        List<String> tokens = metadata.texts(TOKENS).orElseThrow(() -> metadata.missing(TOKENS));
        Map<String, Integer> ids = new LinkedHashMap<>();
        for (String token : tokens) {
            if (ids.put(token, ids.size()) != null) {
                throw metadata.refusal(TOKENS, "an array of distinct tokens (token '" + token + "' is there twice)");
            }
        }
        return new GgufVocabulary(metadata, ids, types(metadata, tokens.size()), preTokenizer);
    }

    private static List<TokenType> types(GgufMetadata metadata, int tokens) {
        long[] numbers = metadata.wholes(TYPES).orElseThrow(() -> metadata.missing(TYPES));
        if (numbers.length != tokens) {
            throw metadata.refusal(TYPES, "one number for each of the " + tokens + " tokens");
        }
        int most = TokenType.values().length;
        for (int id = 0; id < numbers.length; id++) {
            if (numbers[id] < 1 || numbers[id] > most) {
                throw metadata.refusal(
                        TYPES, "numbers in [1, " + most + "] (token " + id + " has " + numbers[id] + ")");
            }
        }
        return IntStream.range(0, tokens)
                .mapToObj(id -> TokenType.values()[(int) numbers[id] - 1])
                .toList();
    }

    /** The id that a key gives, within the vocabulary. */
    OptionalInt id(String key) {
        return metadata.has(key) ? OptionalInt.of(metadata.int32(key, 0, ids.size() - 1)) : OptionalInt.empty();
    }

    /** Bos, eos and pad as the keys give them; end of text by the name that the field has for it. */
    SpecialTokens specialTokens() {
        Map<String, Integer> control = new HashMap<>();
        ids.forEach((token, id) -> {
            if (types.get(id) == TokenType.CONTROL) {
                control.put(token, id);
            }
        });
        TreeSet<Integer> eos = new TreeSet<>();
        id("tokenizer.ggml.eos_token_id").ifPresent(eos::add);
        id("tokenizer.ggml.eot_token_id").ifPresent(eos::add);
        OptionalInt bos = id("tokenizer.ggml.bos_token_id");
        boolean bosByDefault = metadata.flag("tokenizer.ggml.add_bos_token").orElse(preTokenizer.bosByDefault());
        if (bosByDefault && bos.isEmpty()) {
            throw metadata.missing("tokenizer.ggml.bos_token_id");
        }
        return EndOfText.complete(control, bos, bosByDefault, eos, id("tokenizer.ggml.padding_token_id"))
                .orElseThrow(() -> metadata.missing("tokenizer.ggml.eos_token_id"));
    }

    /** Every merge of a byte-level vocabulary as the pair it joins. */
    List<List<String>> merges() {
        String key = "tokenizer.ggml.merges";
        List<String> merges = metadata.texts(key).orElseThrow(() -> metadata.missing(key));
        return merges.stream().map(merge -> pair(key, merge)).toList();
    }

    private List<String> pair(String key, String merge) {
        // A token of a byte-level vocabulary holds no space, so the only one separates; position 0 would be a token.
        int space = merge.indexOf(' ', 1);
        String left = merge.substring(0, Math.max(space, 0));
        String right = merge.substring(space + 1);
        if (!ids.containsKey(left) || !ids.containsKey(right) || !ids.containsKey(left + right)) {
            throw metadata.refusal(
                    key, "pairs of tokens that join to a token, separated by a space ('" + merge + "' is none)");
        }
        return List.of(left, right);
    }

    /** Scores of a SentencePiece vocabulary, by id. */
    double[] scores() {
        String key = "tokenizer.ggml.scores";
        double[] scores = metadata.reals(key).orElseThrow(() -> metadata.missing(key));
        if (scores.length != ids.size()) {
            throw metadata.refusal(key, "one score for each of the " + ids.size() + " tokens");
        }
        return scores;
    }

    /**
     * Whether spaces after a token that is found in text belong to it: so it is with Phi-3's SentencePiece vocabulary, whose
     * files don't say so (llama.cpp {@code src/llama-vocab.cpp}).
     */
    boolean stripsSpacesAfter(String token) {
        return preTokenizer == GgufPreTokenizer.SENTENCE_PIECE
                && metadata.text("general.architecture").equals(Optional.of("phi3"))
                && !Set.of("<unk>", "<s>", "<|endoftext|>").contains(token);
    }

    /** The token that stands for what the vocabulary lacks. */
    Optional<String> unknownToken() {
        int id = id("tokenizer.ggml.unknown_token_id").orElse(types.indexOf(TokenType.UNKNOWN));
        return id < 0 ? Optional.empty() : metadata.texts(TOKENS).map(tokens -> tokens.get(id));
    }
}
