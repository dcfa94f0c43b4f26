package io.sparklora.pipeline.basemodel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Where parity tests find the reference data and the real base model. */
public final class GoldenData {
    private static final ObjectMapper JSON = new ObjectMapper();

    private GoldenData() {}

    /**
     * A reference file, from the directory that system property {@code golden.dir} names, by default
     * {@code shared/golden} beside the checkout; the calling test is skipped where the directory is absent.
     */
    public static Path file(String name) {
        Path directory = System.getProperty("golden.dir") == null
                ? projectRoot().resolveSibling("shared").resolve("golden")
                : Path.of(System.getProperty("golden.dir"));
        assumeTrue(Files.isDirectory(directory), () -> "there is no reference data at " + directory);
        return directory.resolve(name);
    }

    /** A reference file as JSON. */
    public static JsonNode json(String name) {
        try {
            return JSON.readTree(file(name).toFile());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * A text and the ids that the reference tokenizer gives it.
     *
     * @param text the text
     * @param ids no special token is added
     */
    public record TokenizedText(String text, List<Long> ids) {
        /** Copies the ids. */
        public TokenizedText {
            ids = List.copyOf(ids);
        }
    }

    /** All texts of a reference file, an array or an object of them. */
    public static List<TokenizedText> tokenizedTexts(String name) {
        List<TokenizedText> texts = new ArrayList<>();
        for (JsonNode each : json(name)) {
            List<Long> ids = new ArrayList<>();
            each.get("ids").forEach(id -> ids.add(id.longValue()));
            texts.add(new TokenizedText(each.get("text").textValue(), ids));
        }
        return texts;
    }

    /**
     * SmolLM2-135M-Instruct as GGUF, which the build fetches before the tests; system property {@code base.model} names
     * another place.
     */
    public static Path baseModel() {
        String property = System.getProperty("base.model");
        Path model = property == null
                ? projectRoot().resolve("models").resolve("SmolLM2-135M-Instruct.Q4_1.gguf")
                : Path.of(property);
        assertThat(model).as("the base model that the build fetches").isRegularFile();
        return model;
    }

    private static Path projectRoot() {
        return Path.of(System.getProperty("project.root"));
    }
}
