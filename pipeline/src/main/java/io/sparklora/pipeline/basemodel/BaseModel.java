package io.sparklora.pipeline.basemodel;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A frozen base model on a local disk: its shape, its weights as floats, its tokenizer. Opening reads and checks all
 * that is not weights; weights are read when asked for. Safe for use by many threads; the opener closes it. A thread
 * that is interrupted while it reads closes the file for all.
 */
public interface BaseModel extends AutoCloseable {
    /**
     * Opens a GGUF file, or a Hugging Face directory ({@code config.json}, {@code tokenizer.json} and
     * {@code model.safetensors} or the shards that {@code model.safetensors.index.json} lists).
     *
     * @throws InvalidBaseModelException if there is no such model, or it is malformed, or its forward pass is none
     *     that this project computes
     */
    static BaseModel open(Path path) {
        if (Files.isDirectory(path)) {
            return HuggingFaceModel.openDirectory(path);
        }
        return GgufModel.openFile(path);
    }

    /** The file or directory it was opened from. */
    Path path();

    /** Sizes and constants of the decoder. */
    DecoderShape shape();

    /** Hash of the bytes that decide what the model computes and how it reads text; computed on the first call. */
    ContentHash contentHash();

    /**
     * All weights of the decoder, by name: exactly those that {@link #shape()} calls for, in the order embedding,
     * layers, final norm, head (which a tied model lacks).
     */
    List<BaseTensor> tensors();

    /**
     * One weight.
     *
     * @throws IllegalArgumentException if there is none of that name
     */
    BaseTensor tensor(String name);

    /**
     * Reads rows of a weight as floats: dequantised, and in Hugging Face's row order whatever the file's.
     *
     * @param name a name of {@link #tensors()}
     * @param firstRow first row wanted, at least 0
     * @param rows number of rows wanted; firstRow + rows is at most the tensor's rows
     * @param destination filled row-major from its start; holds at least rows * columns
     * @throws InvalidBaseModelException if the file ends too early
     * @throws java.io.UncheckedIOException if the file cannot be read
     */
    void read(String name, long firstRow, int rows, float[] destination);

    /** The tokenizer in the format of Hugging Face's tokenizers library ({@code tokenizer.json}). */
    String tokenizerJson();

    /** The token ids with a meaning of their own. */
    SpecialTokens specialTokens();

    /**
     * The id that the tokenizer calls its end-of-sequence token, which chat templates write by that name; the first of
     * those that end generation where it names none.
     */
    default int endOfSequence() {
        return specialTokens().eos().get(0);
    }

    /** The chat template in Jinja, if the model has one. */
    Optional<String> chatTemplate();

    @Override
    void close();
}
