package io.sparklora.dataprep;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import io.sparklora.dataprep.dataset.Ledger;
import io.sparklora.dataprep.dataset.TokenRules;
import io.sparklora.dataprep.sample.ChatFormat;
import io.sparklora.dataprep.sample.EncodeSamples;
import io.sparklora.dataprep.step.ValueStore;
import io.sparklora.dataprep.tokenizer.SealedVocabulary;
import io.sparklora.dataprep.tokenizer.TinyVocabulary;
import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.pipeline.basemodel.TinyModels;
import io.sparklora.pipeline.config.PrepareConfig;
import io.sparklora.pipeline.config.SourceConfig;
import io.sparklora.pipeline.config.SourceConfig.Format;
import io.sparklora.pipeline.config.SourceConfig.Kind;
import io.sparklora.pipeline.config.SourceConfig.TextUnit;
import io.sparklora.pipeline.dataset.DatasetManifest.Dropped;
import io.sparklora.pipeline.dataset.DatasetManifest.Funnel;
import io.sparklora.pipeline.dataset.DatasetManifest.SplitFigures;
import io.sparklora.pipeline.dataset.TokenDataset;
import io.sparklora.pipeline.run.FileEntry;
import io.sparklora.pipeline.run.Storage;
import java.io.ByteArrayInputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Instructions and chats from files to sequences. */
final class SamplePreparationTest {
    private static final int LENGTH = 128;

    private static String tokenizerJson = "";
    private static Optional<ChatFormat> format = Optional.empty();

    private final SparkSession spark = SharedSpark.session();
    private final Storage storage = new Storage(new Configuration());

    @TempDir
    private Path directory;

    private CorpusDirectory files;

    @BeforeAll
    static void readModel(@TempDir Path model) {
        tokenizerJson = TinyVocabulary.json(model.resolve("a"), List.of());
        try (BaseModel tiny = BaseModel.open(TinyModels.huggingFaceDirectory(model.resolve("b"), 1))) {
            format = ChatFormat.of(tiny, SealedVocabulary.of(tokenizerJson));
        }
    }

    @BeforeEach
    void inFreshDirectory() {
        files = new CorpusDirectory(directory.resolve("corpus"));
    }

    @Test
    void learnsTheCompletionsOfJsonLinesCsvAndParquetAlike() throws Exception {
        files.write("a.jsonl", "{\"q\": \"One?\", \"a\": \"Yes  one<|im_end|>\"}\n{\"q\": \"Lost?\"}\n");
        files.write("b.csv", "q,a\n\"Two,\nindeed?\",  two\n");
        spark.sql("select 'Three?' q, 'Three.' a").write().parquet(directory + "/corpus/c");

        Preparation.Outcome outcome = prepare(
                0.5,
                0,
                source(Format.JSON_LINES, "a.jsonl", Kind.INSTRUCTION),
                source(Format.CSV, "b.csv", Kind.INSTRUCTION),
                source(Format.PARQUET, "c", Kind.INSTRUCTION));

        assertThat(said(outcome))
                .containsExactlyInAnyOrder("Yes  one<|im_end|><|im_end|>", "  two<|im_end|>", "Three.<|im_end|>");
        assertThat(outcome.funnel().read()).isEqualTo(4);
        assertThat(outcome.funnel().dropped()).contains(new Dropped("read", "no-text", 1));
    }

    @Test
    void readsChatsFromJsonAndFromStructuredColumnsAlike() throws Exception {
        String messages = "[{\"role\": \"user\", \"content\": \"Hi\"}, {\"role\": \"assistant\", \"content\": \"%s\"},"
                + " {\"role\": \"user\", \"content\": \"Bye\"}, {\"role\": \"assistant\", \"content\": \"See you\"}]";
        files.write("a.jsonl", "{\"messages\": " + messages.formatted("From JSON") + "}\n");
        spark.sql("select from_json('" + messages.formatted("From Parquet")
                        + "', 'array<struct<role: string, content: string, name: string>>') messages")
                .write()
                .parquet(directory + "/corpus/c");

        Preparation.Outcome outcome =
                prepare(0, 0, source(Format.JSON_LINES, "a.jsonl", Kind.CHAT), source(Format.PARQUET, "c", Kind.CHAT));

        assertThat(said(outcome))
                .containsExactlyInAnyOrder(
                        "From JSON<|im_end|>", "See you<|im_end|>", "From Parquet<|im_end|>", "See you<|im_end|>");
    }

    @Test
    void readsTheShareGptShapeAsMessages() throws Exception {
        String shareGpt = "[{\"from\": \"system\", \"value\": \"Be brief\"}, {\"from\": \"human\", \"value\": \"Hi\"},"
                + " {\"from\": \"gpt\", \"value\": \"%s\"}]";
        files.write(
                "a.jsonl",
                "{\"messages\": " + shareGpt.formatted("From JSON") + "}\n"
                        + "{\"messages\": [{\"from\": \"nobody\", \"value\": \"Hi\"}, {\"from\": \"gpt\", \"value\": \"x\"}]}\n"
                        + "{\"messages\": [{\"from\": \"human\", \"value\": 5}, {\"from\": \"gpt\", \"value\": \"x\"}]}\n"
                        + "{\"messages\": [{\"role\": \"user\", \"from\": \"human\", \"content\": \"Hi\"},"
                        + " {\"role\": \"assistant\", \"from\": \"human\", \"content\": \"A role wins\"}]}\n");
        spark.sql("select from_json('" + shareGpt.formatted("From Parquet")
                        + "', 'array<struct<from: string, value: string, weight: int>>') messages")
                .write()
                .parquet(directory + "/corpus/c");

        Preparation.Outcome outcome = prepare(
                0.5, 0, source(Format.JSON_LINES, "a.jsonl", Kind.CHAT), source(Format.PARQUET, "c", Kind.CHAT));

        assertThat(said(outcome))
                .containsExactlyInAnyOrder("From JSON<|im_end|>", "From Parquet<|im_end|>", "A role wins<|im_end|>");
        assertThat(outcome.funnel().dropped()).contains(new Dropped("read", "not-a-sample", 2));
    }

    @Test
    void refusesMoreUnusableSamplesThanAllowedAndCountsTheOthers() throws Exception {
        StringBuilder lines = new StringBuilder();
        for (int sample = 0; sample < 8; sample++) {
            lines.append("{\"q\": \"Question ").append(sample).append("\", \"a\": \"Answer\"}\n");
        }
        lines.append("{\"q\": \"Long?\", \"a\": \"").append("x".repeat(LENGTH)).append("\"}\n");
        files.write("a.jsonl", lines.toString());
        SourceConfig source = source(Format.JSON_LINES, "a.jsonl", Kind.INSTRUCTION);

        assertThatThrownBy(() -> prepare(0, 0.1, source))
                .isInstanceOfSatisfying(
                        StageFailure.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.BAD_INPUT))
                .hasMessage("1 of 9 samples (11.11 %) can't be used, more than prepare.samples.unusable 0.1 allows:"
                        + " longer than a sequence 1");
        Preparation.Outcome outcome = prepare(0, 0.2, source);

        assertThat(outcome.funnel().kept()).isEqualTo(8);
        assertThat(outcome.funnel().dropped()).contains(new Dropped("sample", "longer-than-a-sequence", 1));
        assertThat(spark.read().parquet(output() + "/ledger/part-00000.parquet").collectAsList())
                .extracting(row -> row.getString(5))
                .containsExactly("longer-than-a-sequence");
    }

    @Test
    void refusesChatsWhereTheModelHasNoTemplate() {
        files.write("a.jsonl", "{\"q\": \"Question\", \"a\": \"Answer\"}\n");
        SourceConfig instruction = source(Format.JSON_LINES, "a.jsonl", Kind.INSTRUCTION);
        SourceConfig chat = source(Format.JSON_LINES, "a.jsonl", Kind.CHAT);
        TokenRules rules = new TokenRules(tokenizerJson, OptionalInt.empty(), 0, 2, 300);

        assertThatThrownBy(
                        () -> new EncodeSamples(List.of(instruction, chat), rules, Optional.empty(), LENGTH, store()))
                .isInstanceOfSatisfying(
                        StageFailure.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.MISMATCH))
                .hasMessage("corpus.sources.1.kind is chat, but the base model has no chat template;"
                        + " instructions need none");
    }

    @Test
    void countsSamplesWithoutATokenToLearnAndRefusesThemPastAShare() {
        TokenRules rules = new TokenRules(tokenizerJson, OptionalInt.of(1), 0, 2, 300);
        EncodeSamples step = new EncodeSamples(List.of(), rules, Optional.empty(), LENGTH, store());
        // Chats that nothing tells the turns of, beside instructions.
        Dataset<Row> documents = spark.range(4)
                .selectExpr(
                        "if(id = 0, 'Hi', concat('Hi', '\n\uFDD4\n', 'Hello')) text",
                        "if(id = 0, '{\"messages\": [{\"role\": \"assistant\", \"content\": \"\"}]}',"
                                + " '{\"prompt\": \"\", \"completion\": \"\"}') sample",
                        "'f' file",
                        "id row",
                        "cast(null as struct<step: string, reason: string, measured: double, threshold: double,"
                                + " survivor_id: string, found: string>) dropped");

        Dataset<Row> judged = step.apply(documents);

        Funnel funnel = Ledger.of(judged, 4, step.reasons(), List.of()).funnel();
        assertThat(funnel.kept()).isEqualTo(3);
        assertThat(funnel.dropped()).contains(new Dropped("sample", "nothing-to-learn", 1));
        EncodeSamples.requireUsable(judged, funnel, 0.25);
        assertThatThrownBy(() -> EncodeSamples.requireUsable(judged, funnel, 0.2))
                .isInstanceOfSatisfying(
                        StageFailure.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.BAD_INPUT))
                .hasMessage("1 of 4 samples (25.00 %) can't be used, more than prepare.samples.unusable 0.2 allows:"
                        + " nothing to learn 1");
    }

    @Test
    void leavesWhatWasSaidAsItIsWhereStepsRewriteTexts() throws Exception {
        StringBuilder lines = new StringBuilder();
        for (int sample = 0; sample < 4; sample++) {
            lines.append("{\"q\": \"Always the same question\\n\\n")
                    .append(sample)
                    .append("\", \"a\": \"no sentence, and ")
                    .append(sample < 3 ? "" + sample : "x".repeat(500))
                    .append("\"}\n");
        }
        files.write("a.jsonl", lines.toString());

        Preparation.Outcome outcome = prepare(
                List.of(
                        "samples.unusable=0",
                        "recurring-lines={share: 0.1, documents: 2, min-characters: 1}",
                        "repeated-paragraphs.min-words=1",
                        "length.oversized=split",
                        "filters.c4-quality={enabled: true, min-sentences: 0}"),
                0,
                source(Format.JSON_LINES, "a.jsonl", Kind.INSTRUCTION));

        assertThat(said(outcome))
                .containsExactlyInAnyOrder(
                        "no sentence, and 0<|im_end|>", "no sentence, and 1<|im_end|>", "no sentence, and 2<|im_end|>");
        assertThat(outcome.funnel().dropped()).contains(new Dropped("length", "too-long", 1));
    }

    @Test
    void writesTheSameBytesForAnyPartitioningWhereTextsAndChatsAreMixed() throws Exception {
        StringBuilder lines = new StringBuilder();
        for (int sample = 0; sample < 60; sample++) {
            lines.append("{\"q\": \"Question ")
                    .append(sample)
                    .append("\", \"a\": \"Answer ")
                    .append("a ".repeat(sample % 40))
                    .append("\", \"text\": \"A text that stands alone, number ")
                    .append(sample)
                    .append("\"}\n");
        }
        files.write("a.jsonl", lines.toString());
        List<List<FileEntry>> written = new ArrayList<>();
        for (String partitions : List.of("1", "5")) {
            SharedSpark.with(
                    Map.of("spark.sql.shuffle.partitions", partitions, "spark.sql.files.maxPartitionBytes", "2000"),
                    () -> prepare(
                            0,
                            0,
                            source(Format.JSON_LINES, "a.jsonl", Kind.INSTRUCTION),
                            source(Format.JSON_LINES, "a.jsonl", Kind.TEXT)));
            written.add(storage.describe(output()));
            storage.delete(output());
        }

        assertThat(written.get(1)).isEqualTo(written.get(0));
    }

    @Test
    void encodesOnlyTheSamplesThatAreNewOfACorpusThatHasGrown() {
        Optional<org.apache.hadoop.fs.Path> computed =
                Optional.of(new org.apache.hadoop.fs.Path(directory + "/computed"));
        StringBuilder lines = new StringBuilder();
        for (int sample = 0; sample < 6; sample++) {
            lines.append(question(sample, "Answer"));
        }
        lines.append(question(6, "x".repeat(LENGTH)));
        files.write("a.jsonl", lines.toString());
        List<String> overrides = List.of("samples.unusable=1", "deduplicate=none");
        SourceConfig[] sources = {
            source(Format.JSON_LINES, "a.jsonl", Kind.INSTRUCTION), source(Format.JSON_LINES, "a.jsonl", Kind.TEXT)
        };
        prepare(overrides, 0, computed, sources);
        storage.delete(output());
        files.write("a.jsonl", question(7, "Answer") + lines + question(0, "Answer"));

        prepare(overrides, 0, computed, sources);
        List<FileEntry> grown = storage.describe(output());
        storage.delete(output());
        prepare(overrides, 0, sources);

        assertThat(grown).isEqualTo(storage.describe(output()));
        assertThat(rowsOfParts("samples")).containsExactlyInAnyOrder(7L, 1L);
        assertThat(rowsOfParts("tokens")).containsExactlyInAnyOrder(7L, 1L);
    }

    private static String question(int number, String answer) {
        return "{\"q\": \"Question " + number + "\", \"a\": \"" + answer
                + "\", \"text\": \"A text that stands alone, number " + number + "\"}\n";
    }

    /** How many values each preparation left of a kind. */
    private List<Long> rowsOfParts(String kind) {
        return storage.list(new org.apache.hadoop.fs.Path(directory + "/computed")).stream()
                .filter(table -> table.getPath().getName().startsWith(kind))
                .flatMap(table -> storage.list(table.getPath()).stream())
                .map(part -> spark.read().parquet(part.getPath().toString()).count())
                .toList();
    }

    @Test
    void refusesASourceWithoutTheColumnsOfItsKind() {
        files.write("a.jsonl", "{\"text\": \"x\"}\n");

        assertThatThrownBy(() -> prepare(1, 0, source(Format.JSON_LINES, "a.jsonl", Kind.CHAT)))
                .isInstanceOf(StageFailure.class)
                .hasMessageEndingWith("names 'messages', which is not there; there are text");
    }

    private static ValueStore store() {
        return SharedSpark.store(SharedSpark.scratch());
    }

    private SourceConfig source(Format format, String name, Kind kind) {
        return new SourceConfig(
                format,
                files.root() + "/" + name,
                "",
                List.of("text"),
                List.of(),
                "",
                "",
                "",
                "",
                TextUnit.FILE,
                kind,
                List.of("q"),
                "a",
                "messages",
                "",
                1,
                "",
                SourceConfig.Markup.TEXT,
                CorpusDirectory.EVER);
    }

    private Preparation.Outcome prepare(double badRows, double unusable, SourceConfig... sources) {
        return prepare(List.of("samples.unusable=" + unusable), badRows, sources);
    }

    private Preparation.Outcome prepare(List<String> overrides, double badRows, SourceConfig... sources) {
        return prepare(overrides, badRows, Optional.empty(), sources);
    }

    private Preparation.Outcome prepare(
            List<String> overrides,
            double badRows,
            Optional<org.apache.hadoop.fs.Path> computed,
            SourceConfig... sources) {
        List<String> keys = new ArrayList<>(List.of(
                "length.min-characters=10",
                "length.max-characters=400",
                "split.validation=0",
                "sequence.length=" + LENGTH));
        keys.addAll(overrides);
        PrepareConfig settings = PrepareSettings.with(keys.toArray(String[]::new));
        TokenRules rules = new TokenRules(tokenizerJson, OptionalInt.empty(), 0, 2, 300);
        return new Preparation(CorpusDirectory.corpus(badRows, sources), settings, 17, rules, format, computed)
                .run(spark, storage, output(), new Progress(spark, new PrintStream(PrintStream.nullOutputStream())));
    }

    private org.apache.hadoop.fs.Path output() {
        return new org.apache.hadoop.fs.Path(directory + "/output");
    }

    /** What is learned of each document: its runs of labels, decoded; the figures must count them. */
    private List<String> said(Preparation.Outcome outcome) throws Exception {
        List<String> said = new ArrayList<>();
        long labels = 0;
        try (HuggingFaceTokenizer tokenizer = HuggingFaceTokenizer.newInstance(
                new ByteArrayInputStream(tokenizerJson.getBytes(StandardCharsets.UTF_8)), Map.of())) {
            for (SplitFigures split : outcome.splits()) {
                for (Row row : spark.read()
                        .parquet(output() + "/" + split.files().get(0).path())
                        .collectAsList()) {
                    for (List<Long> run : runs(row.getList(row.fieldIndex(TokenDataset.LABELS)))) {
                        labels += run.size();
                        said.add(tokenizer.decode(
                                run.stream().mapToLong(Long::longValue).toArray(), false));
                    }
                }
                assertThat(labels).isEqualTo(split.supervisedTokens());
            }
        }
        return said;
    }

    private static List<List<Long>> runs(List<Integer> labels) {
        TreeMap<Integer, List<Long>> runs = new TreeMap<>();
        int start = 0;
        for (int place = 0; place < labels.size(); place++) {
            if (labels.get(place) == TokenDataset.IGNORED_LABEL) {
                start = place + 1;
            } else {
                runs.computeIfAbsent(start, first -> new ArrayList<>()).add((long) labels.get(place));
            }
        }
        return new ArrayList<>(runs.values());
    }
}
