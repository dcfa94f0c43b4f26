package io.sparklora.pipeline.basemodel;

import java.util.Map;
import java.util.Optional;

/**
 * How a GGUF file's tokenizer cuts text into words before it merges bytes, by {@code tokenizer.ggml.pre}; each gives the
 * same ids as llama.cpp and the model's own {@code tokenizer.json}.
 */
enum GgufPreTokenizer {
    SMOLLM(false),
    GPT_2(false),
    LLAMA_BPE(true),
    QWEN2(false),
    SENTENCE_PIECE(true);

    /** By {@code tokenizer.ggml.pre}, which SentencePiece does not need. */
    private static final Map<String, GgufPreTokenizer> BY_NAME = Map.of(
            "smollm", SMOLLM,
            "starcoder", SMOLLM,
            "gpt-2", GPT_2,
            "llama-bpe", LLAMA_BPE,
            "llama3", LLAMA_BPE,
            "llama-v3", LLAMA_BPE,
            "qwen2", QWEN2);

    private static final String MODEL = "tokenizer.ggml.model";
    private static final String PRE = "tokenizer.ggml.pre";
    private static final String WORDS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|%s"
            + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

    private final boolean bosByDefault;

    GgufPreTokenizer(boolean bosByDefault) {
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
        return Optional.ofNullable(BY_NAME.get(pre))
                .orElseThrow(() -> metadata.refusal(PRE, "one of smollm, starcoder, gpt-2, llama-bpe and qwen2"));
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
