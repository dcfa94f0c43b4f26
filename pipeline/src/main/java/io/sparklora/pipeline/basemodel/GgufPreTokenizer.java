package io.sparklora.pipeline.basemodel;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * How a GGUF file's tokenizer cuts text into words before it merges bytes, by {@code tokenizer.ggml.pre}; each gives the
 * same ids as llama.cpp and the model's own {@code tokenizer.json}.
 */
enum GgufPreTokenizer {
    SMOLLM(List.of("smollm"), false),
    GPT_2(List.of("gpt-2"), false),
    LLAMA_BPE(List.of("llama-bpe", "llama3", "llama-v3"), true),
    QWEN2(List.of("qwen2"), false),
    SENTENCE_PIECE(List.of(), true);

    private static final String MODEL = "tokenizer.ggml.model";
    private static final String PRE = "tokenizer.ggml.pre";
    private static final String WORDS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|%s"
            + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

    private final List<String> names;
    private final boolean bosByDefault;

    GgufPreTokenizer(List<String> names, boolean bosByDefault) {
        this.names = names;
        this.bosByDefault = bosByDefault;
    }

    /** The one that a file states; refuses all others by name. */
    static GgufPreTokenizer of(GgufMetadata metadata) {
        String model = metadata.text(MODEL).orElseThrow(() -> metadata.missing(MODEL));
        if (model.equals("llama")) {
            return SENTENCE_PIECE;
        }
        if (!model.equals("gpt2")) {
            throw metadata.refusal(MODEL, "gpt2 (byte-level BPE) or llama (SentencePiece BPE)");
        }
        String pre = metadata.text(PRE).orElseThrow(() -> metadata.missing(PRE));
        Optional<GgufPreTokenizer> found =
                Arrays.stream(values()).filter(each -> each.names.contains(pre)).findFirst();
        return found.orElseThrow(() -> metadata.refusal(PRE, "one of smollm, gpt-2, llama-bpe and qwen2"));
    }

    /** Whether a text starts with BOS where the file does not say. */
    boolean bosByDefault() {
        return bosByDefault;
    }

    /** Whether a word that is a token is taken whole even if no merges lead to it. */
    boolean ignoresMerges() {
        return this == LLAMA_BPE;
    }

    /** The regular expression that cuts words, for those that have one of their own. */
    Optional<String> words() {
        return switch (this) {
            case LLAMA_BPE -> Optional.of(WORDS.formatted("\\p{N}{1,3}"));
            case QWEN2 -> Optional.of(WORDS.formatted("\\p{N}"));
            case SMOLLM, GPT_2, SENTENCE_PIECE -> Optional.empty();
        };
    }
}
