package io.sparklora.dataprep;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparklora.pipeline.basemodel.TinyModels;
import io.sparklora.pipeline.config.ConfigFile;
import io.sparklora.pipeline.run.RunKeys;
import io.sparklora.pipeline.run.RunLayout;
import io.sparklora.pipeline.run.StageMain;
import io.sparklora.pipeline.run.StageResult;
import io.sparklora.pipeline.run.Storage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * All that prepare does runs on the GPU, but for what {@code rapids-exceptions.txt} names with its reason. Needs the jar of
 * RAPIDS (1 GB), which the Maven profile {@code rapids} fetches; no GPU.
 */
@Tag("rapids")
final class RapidsTest {
    private static final String EXCEPTIONS = "rapids-exceptions.txt";
    private static final String DEFAULT = "default";

    private final SparkSession spark = SharedSpark.session();
    private final Storage storage = new Storage(new Configuration());

    @TempDir
    private Path directory;

    @BeforeEach
    void writeCorpusAndModel() throws IOException {
        TinyModels.huggingFaceDirectory(directory.resolve("model"), 1);
        Files.writeString(directory.resolve("run.yaml"), """
                name: tiny
                storage: {runs: %1$s/runs}
                base: {model: %1$s/model}
                corpus: {sources: [{format: parquet, path: %1$s/parquet, id: id}]}
                prepare: {length: {min-characters: 20}, split: {validation: 0.3}, sequence: {length: 128}}
                """.formatted(directory));
        spark.range(30)
                .selectExpr(
                        "concat('id', id) id",
                        "array_join(transform(sequence(1, 30), i -> substring(md5(string(100 * id + i)), 1, 6)), ' ')"
                                + " || '\\nA line that all of them end in.' text")
                .coalesce(1)
                .write()
                .parquet(directory + "/parquet");
    }

    @Test
    void theDefaultPlanRunsOnTheGpu() throws Exception {
        requireListed(exceptions(), DEFAULT);
    }

    @Test
    void everyStepRunsOnTheGpu() throws Exception {
        Files.writeString(
                directory.resolve("questions.txt"),
                IntStream.range(0, 20).mapToObj(i -> "word" + i).collect(Collectors.joining(" ")));

        Map<String, String> exceptions = exceptions(
                "corpus.licences={deny: [GPL-2.0-only]}",
                "corpus.sources.0.markup=markdown",
                "prepare.html=auto",
                "prepare.privacy={replace: [email, phone], drop: [api-key]}",
                "prepare.length={min-characters: 20, max-characters: 150, oversized: split}",
                "prepare.language={enabled: true}",
                "prepare.filters.gopher-repetition={enabled: true, top-ngrams: [1, 1, 1]}",
                "prepare.filters.gopher-quality={enabled: true, min-words: 3, min-stop-words: 0,"
                        + " min-alphabetic-words: 0}",
                "prepare.filters.c4-quality={enabled: true, end-punctuation: false, min-sentences: 0}",
                "prepare.filters.fineweb-quality={enabled: true, min-line-punctuation: 0, max-short-lines: 1}",
                "prepare.deduplicate=near",
                "prepare.repeated-paragraphs={min-words: 3}",
                "prepare.decontaminate.evaluation-sets=[{format: text, path: " + directory + "/questions.txt}]");

        requireListed(exceptions, "steps");
    }

    /** Apart from the others, since the steps after it are planned again for each step that compares documents. */
    @Test
    void recurringLinesAreFoundOnTheGpu() throws Exception {
        requireListed(exceptions("prepare.recurring-lines={share: 0.9, documents: 2}"), "recurring-lines");
    }

    @Test
    void everySourceIsReadOnTheGpu() throws Exception {
        Files.writeString(directory.resolve("chat.jsonl"), """
                {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]}
                """);
        Files.writeString(directory.resolve("one.json"), "{\"text\": \"a document of one file, long enough\"}");
        spark.read().parquet(directory + "/parquet").write().json(directory + "/lines");
        spark.read()
                .parquet(directory + "/parquet")
                .write()
                .option("header", true)
                .csv(directory + "/csv");
        List<String> sources = new ArrayList<>();
        sources.add("{format: parquet, id: id, path: %s/parquet, window: {column: id, from: 2026-01-01}}");
        sources.add("{format: json-lines, id: id, path: %s/lines}");
        sources.add("{format: json, path: %s/one.json}");
        sources.add("{format: csv, id: id, path: %s/csv}");
        sources.add("{format: text, path: %s/one.json}");
        sources.add("{format: text, document: line, path: %s/one.json}");
        sources.add("{format: json-lines, kind: chat, path: %s/chat.jsonl}");

        Map<String, String> exceptions = exceptions(
                "corpus.bad-rows=1",
                "prepare.samples.unusable=1",
                "corpus.sources=[" + String.join(", ", sources).replace("%s", directory.toString()) + "]");

        requireListed(exceptions, "sources");
    }

    /** What a run with these settings leaves on the CPU. */
    private Map<String, String> exceptions(String... overrides) throws Exception {
        return SharedSpark.with(GpuPlans.SETTINGS, () -> {
            try (GpuPlans plans = new GpuPlans(spark)) {
                ConfigFile file =
                        ConfigFile.load(storage, directory.resolve("run.yaml").toString(), List.of(overrides));
                RunLayout layout = new RunLayout(
                        new org.apache.hadoop.fs.Path(file.config().storage().runs()), "tiny");
                StageResult result = Prepare.run(
                        new StageMain.Context(file.config(), new RunKeys(file), layout, storage), SharedSpark::session);
                assertThat(result.status()).isEqualTo(StageResult.Status.DONE);
                return plans.exceptions();
            }
        });
    }

    /** The default's exceptions hold everywhere; those of another section must occur in it, and not by default. */
    private static void requireListed(Map<String, String> found, String section) throws IOException {
        Map<String, Map<String, String>> listed = listed();
        Map<String, String> here = listed.get(section);
        Map<String, String> unlisted = new TreeMap<>(found);
        unlisted.keySet().removeAll(listed.get(DEFAULT).keySet());
        unlisted.keySet().removeAll(here.keySet());
        assertThat(unlisted)
                .as("left on the CPU, and not in %s of %s with a reason", section, EXCEPTIONS)
                .isEmpty();
        assertThat(found.keySet())
                .as("the exceptions in %s of %s, of which those that are missing no longer occur", section, EXCEPTIONS)
                .containsAll(here.keySet());
    }

    /** Reasons by name by section. */
    private static Map<String, Map<String, String>> listed() throws IOException {
        Map<String, Map<String, String>> sections = new TreeMap<>();
        Map<String, String> section = Map.of();
        for (String line : text().lines().filter(text -> !text.isBlank()).toList()) {
            if (line.startsWith("[")) {
                section = new TreeMap<>();
                sections.put(line.substring(1, line.indexOf(']')), section);
            } else if (!line.startsWith("#")) {
                String[] parts = line.split(": ", 2);
                assertThat(parts)
                        .as("'%s' in %s: a name and a reason", line, EXCEPTIONS)
                        .hasSize(2);
                section.put(parts[0].strip(), parts[1].strip());
            }
        }
        return sections;
    }

    private static String text() throws IOException {
        try (InputStream in = RapidsTest.class.getResourceAsStream(EXCEPTIONS)) {
            return new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
