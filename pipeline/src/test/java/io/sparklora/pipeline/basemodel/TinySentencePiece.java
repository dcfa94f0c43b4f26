package io.sparklora.pipeline.basemodel;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** A tiny Llama as GGUF with a SentencePiece vocabulary, as Llama 2's and Mistral's are. */
public final class TinySentencePiece {
    private TinySentencePiece() {}

    /** A model whose vocabulary is three special tokens, the 256 bytes, and pieces from id 259 on with their scores. */
    public static GgufBytes gguf(List<String> pieces, List<Float> scores) {
        List<String> tokens = new ArrayList<>(List.of("<unk>", "<s>", "</s>"));
        List<Integer> types = new ArrayList<>(List.of(2, 3, 3));
        List<Float> allScores = new ArrayList<>(Collections.nCopies(259, 0f));
        for (int b = 0; b < 256; b++) {
            tokens.add("<0x%02X>".formatted(b));
            types.add(6);
        }
        tokens.addAll(pieces);
        types.addAll(Collections.nCopies(pieces.size(), 1));
        allScores.addAll(scores);
        GgufBytes gguf = TinyLlama.seeded(1).withLayers(1).ggufBytes();
        for (String key : List.of("model", "pre", "tokens", "token_type", "merges", "add_bos_token")) {
            gguf.without("tokenizer.ggml." + key);
        }
        for (String key : List.of("llama.vocab_size", "tokenizer.ggml.bos_token_id", "tokenizer.ggml.eos_token_id")) {
            gguf.without(key);
        }
        int vocabulary = tokens.size();
        return gguf.withoutTensor("token_embd.weight")
                .tensor("token_embd.weight", new float[vocabulary * TinyLlama.HIDDEN], TinyLlama.HIDDEN, vocabulary)
                .metadata("llama.vocab_size", vocabulary)
                .metadata("tokenizer.ggml.model", "llama")
                .metadata("tokenizer.ggml.pre", "default")
                .texts("tokenizer.ggml.tokens", tokens)
                .int32s("tokenizer.ggml.token_type", types)
                .float32s("tokenizer.ggml.scores", allScores)
                .metadata("tokenizer.ggml.bos_token_id", 1)
                .metadata("tokenizer.ggml.eos_token_id", 2);
    }
}
