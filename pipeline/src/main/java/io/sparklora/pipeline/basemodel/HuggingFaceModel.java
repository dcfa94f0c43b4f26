package io.sparklora.pipeline.basemodel;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** A base model in a directory as Hugging Face's transformers writes it. */
final class HuggingFaceModel implements BaseModel {
    private static final String CONFIG = "config.json";
    private static final String GENERATION = "generation_config.json";
    private static final String TOKENIZER = "tokenizer.json";
    private static final String TOKENIZER_CONFIG = "tokenizer_config.json";
    private static final String TEMPLATE = "chat_template.jinja";
    private static final List<String> SMALL_FILES =
            List.of(CONFIG, GENERATION, TOKENIZER, TOKENIZER_CONFIG, TEMPLATE, HuggingFaceWeights.INDEX);

    private final Path directory;
    private final HuggingFaceWeights files;
    private final DecoderShape shape;
    private final WeightTable weights;
    private final String tokenizerJson;
    private final SpecialTokens specialTokens;
    private final OptionalInt endOfSequence;
    private final Optional<String> chatTemplate;
    private final Object hashing = new Object();
    private @Nullable ContentHash contentHash;

    private HuggingFaceModel(Path directory, HuggingFaceWeights files) {
        this.directory = directory;
        this.files = files;
        JsonFields config = required(CONFIG);
        shape = HuggingFaceConfig.shape(config);
        weights = files.table(shape);
        HuggingFaceTokens tokens =
                new HuggingFaceTokens(config, required(TOKENIZER), optional(TOKENIZER_CONFIG), optional(GENERATION));
        specialTokens = tokens.specialTokens(shape.vocabularySize());
        endOfSequence = tokens.endOfSequence();
        tokenizerJson = text(directory.resolve(TOKENIZER));
        Path template = directory.resolve(TEMPLATE);
        chatTemplate = Files.exists(template) ? Optional.of(text(template)) : tokens.chatTemplate();
    }

    static HuggingFaceModel openDirectory(Path directory) {
        if (!Files.isRegularFile(directory.resolve(CONFIG))) {
            throw new InvalidBaseModelException(
                    directory.resolve(CONFIG) + ": there is no such file: this directory holds no Hugging Face model");
        }
        HuggingFaceWeights files = HuggingFaceWeights.open(directory);
        try {
            return new HuggingFaceModel(directory, files);
        } catch (RuntimeException | Error e) {
            files.close();
            throw e;
        }
    }

    private JsonFields required(String name) {
        Path file = directory.resolve(name);
        return new JsonFields(StrictJson.read(file), file.toString());
    }

    private JsonFields optional(String name) {
        Path file = directory.resolve(name);
        return new JsonFields(Files.exists(file) ? StrictJson.read(file) : StrictJson.empty(), file.toString());
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (CharacterCodingException e) {
            throw new InvalidBaseModelException(file + ": this is no valid UTF-8", e);
        } catch (IOException e) {
            throw new UncheckedIOException(file + ": cannot be read", e);
        }
    }

    @Override
    public Path path() {
        return directory;
    }

    @Override
    public DecoderShape shape() {
        return shape;
    }

    /**
     * SHA-256 of the configuration, tokenizer and index files that are there, then of the safetensors files by name;
     * each with its name and size.
     */
    @Override
    public ContentHash contentHash() {
        synchronized (hashing) {
            if (contentHash == null) {
                contentHash = digest();
            }
            return contentHash;
        }
    }

    private ContentHash digest() {
        ContentDigest digest = new ContentDigest();
        for (String name : SMALL_FILES) {
            if (Files.exists(directory.resolve(name))) {
                try (ByteSource source = ByteSource.open(directory.resolve(name))) {
                    digest.addFramed(name, source);
                }
            }
        }
        files.files().forEach((name, file) -> digest.addFramed(name, file.source()));
        return digest.finish();
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
        return tokenizerJson;
    }

    @Override
    public SpecialTokens specialTokens() {
        return specialTokens;
    }

    @Override
    public int endOfSequence() {
        return endOfSequence.orElseGet(BaseModel.super::endOfSequence);
    }

    @Override
    public Optional<String> chatTemplate() {
        return chatTemplate;
    }

    @Override
    public void close() {
        files.close();
    }
}
