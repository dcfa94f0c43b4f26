package io.sparklora.pipeline.basemodel;

import java.nio.file.Path;

/**
 * The tiny Llama that tests of all modules share: hidden 32, intermediate 64, 2 layers, 4 heads of 8, 2 key-value
 * heads, vocabulary 300, tied head, random weights from a seed. {@link TinyLlama} has the variants.
 */
public final class TinyModels {
    private TinyModels() {}

    /** Writes the model as a Hugging Face directory (created if need be) in F32 and returns the directory. */
    public static Path huggingFaceDirectory(Path directory, long seed) {
        return TinyLlama.seeded(seed).writeDirectory(directory);
    }

    /** Writes the same model, to the bit, as a GGUF file in F32 and returns the file. */
    public static Path gguf(Path file, long seed) {
        return TinyLlama.seeded(seed).writeGguf(file);
    }

    /** Writes the tiny model's tokenizer, of 300 tokens, into a directory (created if need be) and returns it. */
    public static Path tokenizer(Path directory) {
        return TinyLlama.writeTokenizer(directory);
    }
}
