package io.sparklora.dataprep.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

final class SharedTokenizerTest {
    private static final Path GOLDEN =
            Path.of(System.getProperty("golden.dir", System.getProperty("project.root", "..") + "/../shared/golden"));

    @BeforeAll
    static void goldenDataIsThere() {
        assumeThat(GOLDEN).as("golden data (-Dgolden.dir)").exists();
    }

    @Test
    void givesTheIdsOfTheReference() throws Exception {
        SealedVocabulary vocabulary = vocabulary();
        SharedTokenizer tokenizer = travelled(new SharedTokenizer(vocabulary));

        for (JsonNode example : new ObjectMapper()
                .readTree(GOLDEN.resolve("tokenizer_cases.json").toFile())) {
            int[] expected = StreamSupport.stream(example.get("ids").spliterator(), false)
                    .mapToInt(JsonNode::asInt)
                    .toArray();

            String text = example.get("text").asText();
            assertThat(tokenizer.encode(vocabulary.sealed(text)).ids()).isEqualTo(expected);
            if (vocabulary.sealed(text).equals(text)) {
                assertThat(tokenizer.ids(text)).isEqualTo(expected);
            }
        }
    }

    @Test
    void doesNotCutLongTexts() throws Exception {
        SharedTokenizer tokenizer = new SharedTokenizer(vocabulary());

        assertThat(tokenizer.ids("word ".repeat(20_000))).hasSizeGreaterThan(20_000);
    }

    private static SealedVocabulary vocabulary() throws Exception {
        return SealedVocabulary.of(Files.readString(GOLDEN.resolve("tokenizer.json")));
    }

    /** As an executor gets it. */
    private static SharedTokenizer travelled(SharedTokenizer tokenizer) throws Exception {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(tokenizer);
        }
        try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
            return (SharedTokenizer) in.readObject();
        }
    }
}
