package io.sparklora.dataprep.dataset;

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
import java.util.Arrays;
import java.util.OptionalInt;
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
    void givesTheIdsOfTheReferenceAndEndOfText() throws Exception {
        SharedTokenizer tokenizer = travelled(new SharedTokenizer(rules(OptionalInt.empty())));

        for (JsonNode example : new ObjectMapper()
                .readTree(GOLDEN.resolve("tokenizer_cases.json").toFile())) {
            int[] expected = StreamSupport.stream(example.get("ids").spliterator(), false)
                    .mapToInt(JsonNode::asInt)
                    .toArray();

            int[] tokens = tokenizer.tokens(example.get("text").asText());

            assertThat(Arrays.copyOf(tokens, tokens.length - 1)).isEqualTo(expected);
            assertThat(tokens[tokens.length - 1]).isEqualTo(2);
        }
    }

    @Test
    void doesNotCutLongTextsAndPutsTheBeginTokenFirst() throws Exception {
        SharedTokenizer tokenizer = new SharedTokenizer(rules(OptionalInt.of(1)));

        int[] tokens = tokenizer.tokens("word ".repeat(20_000));

        assertThat(tokens).hasSizeGreaterThan(20_000).startsWith(1);
    }

    private static TokenRules rules(OptionalInt begin) throws Exception {
        return new TokenRules(Files.readString(GOLDEN.resolve("tokenizer.json")), begin, 2, 2, 49_152);
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
