package io.sparklora.dataprep;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparklora.dataprep.dataset.TokenRules;
import io.sparklora.dataprep.sample.ChatFormat;
import io.sparklora.dataprep.tokenizer.SealedVocabulary;
import io.sparklora.dataprep.tokenizer.TinyVocabulary;
import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.pipeline.basemodel.TinyModels;
import io.sparklora.pipeline.config.ConfigFile;
import io.sparklora.pipeline.config.RunConfig;
import io.sparklora.pipeline.dataset.DatasetManifest.Dropped;
import io.sparklora.pipeline.run.FileEntry;
import io.sparklora.pipeline.run.Storage;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One corpus through every step at once, on as many partitions as a cluster of any size would give it. */
final class DeterminismTest {
    private static final String PARALLELISM = "spark.default.parallelism";
    private static final String RECURRING = "This page may be copied with the consent of the people that keep it.";
    private static final String QUOTED = "nobody who has read the whole of it ever asked for more";
    private static final List<String> WORDS =
            List.of(("the of and to that have with be in it for as on was by this from or an which"
                            + " river house garden letter winter summer mother father brother village captain window morning"
                            + " evening market journey stranger soldier kingdom harvest teacher doctor painter island mountain"
                            + " carried found opened remembered followed answered wanted believed turned started finished walked"
                            + " quiet bright heavy narrow gentle broken golden distant ancient little")
                    .split(" "));
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final SparkSession spark = SharedSpark.session();
    private final Storage storage = new Storage(new Configuration());
    private final Random random = new Random(7);

    @TempDir
    private Path directory;

    private CorpusDirectory files;

    /** What a cluster and its configuration decide. */
    private record Setting(int parallelism, int shufflePartitions, boolean isAdaptive) {}

    @BeforeEach
    void writeCorpus() throws IOException {
        files = new CorpusDirectory(directory.resolve("corpus"));
        writePages();
        for (int note = 0; note < 8; note++) {
            files.write("notes/" + note + ".json", json(Map.of("text", paragraphs(2))));
        }
        for (int chapter = 0; chapter < 4; chapter++) {
            files.write("md/" + chapter + ".md", "# A chapter\n\n" + paragraphs(chapter == 0 ? 12 : 2));
        }
        List<String> chats = new ArrayList<>();
        for (int chat = 0; chat < 16; chat++) {
            chats.add(json(Map.of(
                    "messages",
                    List.of(
                            Map.of("role", "user", "content", sentence()),
                            Map.of("role", "assistant", "content", sentence() + " " + sentence())))));
        }
        files.write("chats.jsonl", String.join("\n", chats));
        files.write("questions.txt", QUOTED);
    }

    /** Web pages of twelve customers, with copies of some, and one for each reason to drop it. */
    private void writePages() {
        List<String> texts = new ArrayList<>();
        for (int page = 0; page < 48; page++) {
            texts.add(paragraphs(2) + (page % 2 == 0 ? "\n" + RECURRING : ""));
        }
        for (int page = 0; page < 6; page++) {
            texts.add(texts.get(page));
            texts.add(texts.get(6 + page) + " Once more.");
        }
        String shared = paragraphs(1);
        texts.add(paragraphs(1) + "\n\n" + shared);
        texts.add(paragraphs(1) + "\n\n" + shared);
        texts.add(paragraphs(1) + " He said that " + QUOTED + ".");
        texts.add(paragraphs(1) + " Write to jane@example.com about it.");
        texts.add(paragraphs(1) + " Her number is 536-90-4399.");
        texts.add((sentence() + "\n").repeat(8));
        texts.add("It was the end of the little house that stood by the river.");
        texts.add(paragraphs(1) + " Lorem ipsum dolor sit amet.");
        texts.add("Das Werk darf vervielfältigt werden, solange dieser Hinweis in jeder Kopie erhalten bleibt und der"
                + " Name des Urhebers genannt wird. Der Kapitän wartete lange auf das Schiff, das nicht mehr kam.");
        texts.add("<p>" + paragraphs(1) + "</p>\n<p>" + sentence() + "</p>");
        List<String> lines = new ArrayList<>();
        for (String text : texts) {
            int page = lines.size();
            lines.add(json(Map.of(
                    // Every fourth id stands twice.
                    "id",
                    "page" + page / (page % 4 == 1 ? 2 : 1),
                    "text",
                    text,
                    "licence",
                    page == 20 ? "GPL-3.0-only" : "MIT",
                    "customer",
                    "customer" + page % 12)));
        }
        lines.add("{\"text\": 5}");
        files.write("pages.jsonl", String.join("\n", lines));
    }

    @Test
    void writesTheSameBytesForAnyParallelismWithEveryStepOn() throws Exception {
        List<List<FileEntry>> written = new ArrayList<>();
        List<Preparation.Outcome> outcomes = new ArrayList<>();
        for (Setting setting : List.of(new Setting(1, 1, true), new Setting(3, 8, false), new Setting(8, 3, true))) {
            outcomes.add(prepare(setting));
            written.add(storage.describe(output()));
            storage.delete(output());
        }

        requireDrops(outcomes.get(0));
        assertThat(written.get(0)).extracting(FileEntry::path).hasSize(3);
        assertThat(written).allSatisfy(files -> assertThat(files).isEqualTo(written.get(0)));
        assertThat(outcomes).allSatisfy(outcome -> assertThat(outcome).isEqualTo(outcomes.get(0)));
    }

    /** Else equal bytes would show nothing of these steps. */
    private static void requireDrops(Preparation.Outcome outcome) {
        assertThat(outcome.funnel().dropped().stream()
                        .filter(dropped -> dropped.documents() > 0)
                        .map(Dropped::step)
                        .distinct())
                .contains(
                        "read",
                        "licence",
                        "privacy",
                        "language",
                        "gopher-repetition",
                        "c4-quality",
                        "deduplicate",
                        "decontaminate",
                        "weight");
    }

    private Preparation.Outcome prepare(Setting setting) throws Exception {
        Map<String, String> settings = Map.of(
                "spark.sql.shuffle.partitions",
                String.valueOf(setting.shufflePartitions()),
                "spark.sql.adaptive.enabled",
                String.valueOf(setting.isAdaptive()),
                "spark.sql.files.maxPartitionBytes",
                "16000",
                "spark.sql.files.openCostInBytes",
                "4000");
        RunConfig config = config();
        String tokenizer = TinyVocabulary.json(directory.resolve("vocabulary"), List.of());
        Optional<ChatFormat> format;
        try (BaseModel tiny = BaseModel.open(TinyModels.huggingFaceDirectory(directory.resolve("model"), 1))) {
            format = ChatFormat.of(tiny, SealedVocabulary.of(tokenizer));
        }
        Preparation preparation = new Preparation(
                config.corpus(),
                config.prepare(),
                config.seed(),
                new TokenRules(tokenizer, OptionalInt.empty(), 0, 2, 300),
                format,
                Optional.empty());
        Progress quiet = new Progress(spark, new PrintStream(PrintStream.nullOutputStream()));
        // The scheduler asks the context's own settings each time that something wants to know its default.
        spark.sparkContext().conf().set(PARALLELISM, String.valueOf(setting.parallelism()));
        try {
            assertThat(spark.sparkContext().defaultParallelism()).isEqualTo(setting.parallelism());
            return SharedSpark.with(settings, () -> preparation.run(spark, storage, output(), quiet));
        } finally {
            spark.sparkContext().conf().remove(PARALLELISM);
        }
    }

    private RunConfig config() throws IOException {
        Path file = directory.resolve("every.yaml");
        Files.writeString(file, """
                name: every
                base: {model: m.gguf}
                corpus:
                  bad-rows: 0.1
                  licences: {deny: [GPL-3.0-only]}
                  sources:
                    - {format: json-lines, path: %1$s/pages.jsonl, id: id, licence-column: licence, group: customer,
                       language: en, weight: 1.5}
                    - {format: json, path: %1$s/notes, weight: 0.5}
                    - {format: text, path: %1$s/md, markup: markdown}
                    - {format: json-lines, path: %1$s/chats.jsonl, kind: chat}
                prepare:
                  html: auto
                  privacy: {replace: [email], drop: [ssn]}
                  recurring-lines: {share: 0.2, documents: 5}
                  length: {min-characters: 40, max-characters: 1500, oversized: split}
                  language: {enabled: true, keep: [eng]}
                  filters:
                    gopher-repetition: {enabled: true}
                    gopher-quality: {enabled: true, min-words: 20}
                    c4-quality: {enabled: true, min-sentences: 1}
                    fineweb-quality: {enabled: true}
                  deduplicate: near
                  near-duplicates: {compared: 50}
                  split: {validation: 0.2}
                  repeated-paragraphs: {min-words: 8}
                  decontaminate:
                    words: 8
                    held-out: true
                    evaluation-sets: [{format: text, path: %1$s/questions.txt}]
                  samples: {unusable: 0.5}
                  sequence: {length: 512}
                """.formatted(files.root()));
        return ConfigFile.load(storage, file.toString(), List.of()).config();
    }

    private org.apache.hadoop.fs.Path output() {
        return new org.apache.hadoop.fs.Path(directory + "/output");
    }

    private String paragraphs(int count) {
        return IntStream.range(0, count)
                .mapToObj(paragraph -> sentence() + "\n" + sentence() + " " + sentence())
                .collect(Collectors.joining("\n\n"));
    }

    private String sentence() {
        String words = IntStream.range(0, 14)
                .mapToObj(word -> WORDS.get(random.nextInt(WORDS.size())))
                .collect(Collectors.joining(" "));
        return Character.toUpperCase(words.charAt(0)) + words.substring(1) + ".";
    }

    private static String json(Map<String, ?> fields) {
        try {
            return MAPPER.writeValueAsString(fields);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
