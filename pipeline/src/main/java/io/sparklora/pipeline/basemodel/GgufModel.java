package io.sparklora.pipeline.basemodel;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A base model in one GGUF file. */
final class GgufModel implements BaseModel {
    private final Path path;
    private final GgufFile file;
    private final DecoderShape shape;
    private final WeightTable weights;
    private final GgufVocabulary vocabulary;
    private final Object hashing = new Object();
    private @Nullable ContentHash contentHash;

    GgufModel(Path path, GgufFile file) {
        this.path = path;
        this.file = file;
        shape = GgufShape.of(file);
        weights = GgufWeights.of(file, shape);
        vocabulary = GgufVocabulary.of(file.metadata());
    }

    static GgufModel openFile(Path path) {
        GgufFile file = GgufFile.open(path);
        try {
            return new GgufModel(path, file);
        } catch (RuntimeException | Error e) {
            file.close();
            throw e;
        }
    }

    @Override
    public Path path() {
        return path;
    }

    @Override
    public DecoderShape shape() {
        return shape;
    }

    /** SHA-256 of the whole file. */
    @Override
    public ContentHash contentHash() {
        synchronized (hashing) {
            if (contentHash == null) {
                contentHash = new ContentDigest().add(file.source()).finish();
            }
            return contentHash;
        }
    }

    @Override
    public List<BaseTensor> tensors() {
        return weights.tensors();
    }

    @Override
    public BaseTensor tensor(String name) {
        return weights.weight(name).tensor();
    }

    @Override
    public void read(String name, long firstRow, int rows, float[] destination) {
        weights.weight(name).read(firstRow, rows, destination);
    }

    @Override
    public String tokenizerJson() {
        return GgufTokenizer.json(vocabulary);
    }

    @Override
    public SpecialTokens specialTokens() {
        return vocabulary.specialTokens();
    }

    @Override
    public int endOfSequence() {
        return vocabulary.id("tokenizer.ggml.eos_token_id").orElseGet(BaseModel.super::endOfSequence);
    }

    @Override
    public Optional<String> chatTemplate() {
        return file.metadata().text("tokenizer.chat_template");
    }

    @Override
    public void close() {
        file.close();
    }
}
