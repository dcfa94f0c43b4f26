package io.sparklora.dataprep;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparklora.dataprep.dataset.TokenRules;
import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.pipeline.basemodel.TinyModels;
import io.sparklora.pipeline.config.CorpusConfig;
import io.sparklora.pipeline.config.PrepareConfig;
import io.sparklora.pipeline.config.PrepareConfig.NearDuplicates.Keep;
import io.sparklora.pipeline.config.SourceConfig;
import io.sparklora.pipeline.config.SourceConfig.Format;
import io.sparklora.pipeline.dataset.DatasetManifest.DataFile;
import io.sparklora.pipeline.dataset.DatasetManifest.Dropped;
import io.sparklora.pipeline.dataset.DatasetManifest.Funnel;
import io.sparklora.pipeline.dataset.DatasetManifest.SplitFigures;
import io.sparklora.pipeline.dataset.Split;
import io.sparklora.pipeline.dataset.TokenDataset;
import io.sparklora.pipeline.run.FileEntry;
import io.sparklora.pipeline.run.Storage;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.metadata.BlockMetaData;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class PreparationTest {
    private static final int LENGTH = 32;
    private static final int END_OF_TEXT = 0;
    private static final int PAD = 2;

    private static String tokenizerJson = "";

    private final SparkSession spark = SharedSpark.session();
    private final Storage storage = new Storage(new Configuration());

    @TempDir
    private Path directory;

    private CorpusDirectory files;

    @BeforeAll
    static void writeTokenizer(@TempDir Path model) {
        try (BaseModel tiny = BaseModel.open(TinyModels.huggingFaceDirectory(model, 1))) {
            tokenizerJson = tiny.tokenizerJson();
        }
    }

    @BeforeEach
    void inFreshDirectory() {
        files = new CorpusDirectory(directory.resolve("corpus"));
    }

    @Test
    void everyDocumentIsKeptOrInTheLedgerWithItsReason() {
        files.writeJson("a.json", "a", "the first document of the corpus");
        files.writeJson("b.json", "b", "  the first\u00A0document of the corpus ");
        files.writeJson("c.json", "c", "short");
        files.writeJson("d.json", "d", "x".repeat(500));
        files.writeJson("e.json", "e", "another document");
        files.write("f.json", "{\"text\": 5}");

        Preparation.Outcome outcome = prepare(corpus(1), settings(0, LENGTH));

        assertThat(outcome.funnel().read()).isEqualTo(6);
        assertThat(outcome.funnel().kept()).isEqualTo(2);
        assertThat(outcome.funnel().dropped())
                .containsExactly(
                        new Dropped("read", "unparsable", 0),
                        new Dropped("read", "no-text", 0),
                        new Dropped("read", "not-a-string", 1),
                        new Dropped("read", "invalid-encoding", 0),
                        new Dropped("read", "not-a-sample", 0),
                        new Dropped("read", "unclosed-quote", 0),
                        new Dropped("read", "no-column", 0),
                        new Dropped("read", "no-date", 0),
                        new Dropped("length", "too-short", 1),
                        new Dropped("length", "too-long", 1),
                        new Dropped("deduplicate", "exact-duplicate", 1));
        assertThat(spark.read().parquet(output() + "/ledger/part-00000.parquet").collectAsList())
                .extracting(Row::toString)
                .containsExactly(
                        "[b,0,b.json,null,deduplicate,exact-duplicate,null,null,a,null]",
                        "[c,0,c.json,null,length,too-short,5.0,10.0,null,null]",
                        "[d,0,d.json,null,length,too-long,500.0,400.0,null,null]",
                        "[f.json,0,f.json,null,read,not-a-string,null,null,null,null]");
        assertThat(outcome.licences()).isEqualTo(Map.of("", 2L));
    }

    @Test
    void filtersThatAreSwitchedOnAccountForEveryDocumentTheyDrop() {
        String prose = "The licensee may copy the work and distribute copies of it to others, provided that every copy"
                + " carries this notice. ";
        files.writeJson(
                "a.json", "a", prose + "It must be kept whole, with all its terms and with the name of its owner.");
        files.writeJson(
                "b.json",
                "b",
                "Das Werk darf vervielfältigt werden, solange dieser Hinweis in jeder Kopie erhalten"
                        + " bleibt und der Name des Urhebers genannt wird.");
        files.writeJson("c.json", "c", prose.repeat(8));
        files.writeJson("d.json", "d", prose);
        files.writeJson("e.json", "e", "short");
        PrepareConfig settings = PrepareSettings.with(
                "preset=web",
                "language.min-confidence=0.05",
                "length.min-characters=10",
                "split.validation=0.0",
                "filters.gopher-quality.min-words=30",
                "filters.gopher-repetition.top-ngrams=[0.3, 0.3, 0.3]",
                "filters.c4-quality.min-sentences=2");

        Preparation.Outcome outcome = prepare(corpus(0), settings);

        assertThat(spark.read().parquet(output() + "/ledger/part-00000.parquet").collectAsList())
                .extracting(row -> row.getAs("document_id") + " " + row.getAs("step") + " " + row.getAs("reason"))
                .containsExactly(
                        "b language other-language",
                        "c gopher-repetition duplicated-5-n-grams",
                        "d gopher-quality short-doc",
                        "e length too-short");
        assertThat(spark.read()
                        .parquet(output() + "/ledger/part-00000.parquet")
                        .collectAsList()
                        .get(2))
                .satisfies(row -> {
                    assertThat(row.<Double>getAs("measured")).isEqualTo(20);
                    assertThat(row.<Double>getAs("threshold")).isEqualTo(30);
                });
        assertThat(outcome.funnel().read()).isEqualTo(5);
        assertThat(outcome.funnel().kept()).isEqualTo(1);
        assertThat(outcome.funnel().dropped())
                .contains(
                        new Dropped("gopher-quality", "short-doc", 1), new Dropped("fineweb-quality", "list-ratio", 0))
                .hasSize(8 + 2 + 2 + 14 + 10 + 3 + 5 + 1);
        assertThat(outcome.keptByLanguage()).isEqualTo(Map.of("eng", 1L));
    }

    @Test
    void whatSeveralFiltersWouldDropIsDroppedByTheFirstOfTheOrder() {
        files.writeJson(
                "a.json",
                "a",
                "The licensee may copy the work and distribute copies of it to others, provided that every copy carries"
                        + " this notice. It must be kept whole, with all its terms and with the name of its owner.");
        files.writeJson("b.json", "b", "over and over again ".repeat(5));

        Preparation.Outcome byDefault = prepare(corpus(0), ordered());

        assertThat(reasons(byDefault)).containsExactly("gopher-repetition top-2-gram");
        storage.delete(output());
        Preparation.Outcome qualityFirst = prepare(
                corpus(0),
                ordered("order=[gopher-quality, recurring-lines, gopher-repetition, length, language, c4-quality,"
                        + " fineweb-quality, deduplicate, split, paragraphs, decontaminate]"));
        assertThat(reasons(qualityFirst)).containsExactly("gopher-quality short-doc");
        storage.delete(output());
        Preparation.Outcome filtersLast = prepare(
                corpus(0),
                ordered("order=[recurring-lines, c4-quality, deduplicate, split, decontaminate, paragraphs, language,"
                        + " fineweb-quality, gopher-quality, gopher-repetition, length]"));
        assertThat(reasons(filtersLast)).containsExactly("gopher-quality short-doc");
    }

    private static PrepareConfig ordered(String... order) {
        List<String> settings = new ArrayList<>(List.of(
                "length.min-characters=10",
                "split.validation=0.0",
                "filters.gopher-repetition.enabled=true",
                "filters.gopher-repetition.top-ngrams=[0.3, 0.3, 0.3]",
                "filters.gopher-quality.enabled=true",
                "filters.gopher-quality.min-words=30"));
        settings.addAll(List.of(order));
        return PrepareSettings.with(settings.toArray(String[]::new));
    }

    /** Step and reason of every row of the ledger, which the funnel must count as often. */
    private List<String> reasons(Preparation.Outcome outcome) {
        List<String> reasons = spark.read().parquet(output() + "/ledger/part-00000.parquet").collectAsList().stream()
                .map(row -> row.getAs("step") + " " + row.getAs("reason"))
                .toList();
        assertThat(outcome.funnel().dropped().stream()
                        .filter(dropped -> dropped.documents() > 0)
                        .map(dropped -> dropped.step() + " " + dropped.reason()))
                .containsExactlyElementsOf(reasons);
        return reasons;
    }

    @Test
    void packsEveryTokenOfEveryDocumentOnceWithItsLabels() {
        Map<String, String> texts = writeRandomCorpus(60);

        Preparation.Outcome outcome = prepare(corpus(0), settings(0.2, LENGTH));

        Map<String, List<List<Integer>>> pieces = new HashMap<>();
        for (SplitFigures split : outcome.splits()) {
            List<Row> rows = rows(split);
            assertThat(rows)
                    .extracting(row -> row.<Long>getAs(TokenDataset.SEQUENCE_ID))
                    .isSorted();
            rows.forEach(row -> unpack(row, pieces));
            assertThat(rows).hasSize((int) split.sequences());
            assertThat(labels(rows)).isEqualTo(split.supervisedTokens());
        }
        assertThat(pieces.keySet()).isEqualTo(texts.keySet());
        pieces.forEach((id, ofDocument) -> assertThat(decoded(ofDocument)).isEqualTo(texts.get(id)));
        long tokens = pieces.values().stream()
                .flatMap(List::stream)
                .mapToLong(List::size)
                .sum();
        assertThat(outcome.splits().stream().mapToLong(SplitFigures::tokens).sum())
                .isEqualTo(tokens);
        assertThat(outcome.splits().stream().mapToLong(SplitFigures::documents).sum())
                .isEqualTo(60);
    }

    @Test
    void showsADocumentAsOftenAsItsSourceWeighs() {
        for (int i = 0; i < 40; i++) {
            files.writeJson("heavy" + i + ".json", "heavy" + i, "document number " + i + " of the heavy source");
            files.writeJson("light" + i + ".json", "light" + i, "document number " + i + " of the light source");
        }
        CorpusConfig corpus = CorpusDirectory.corpus(
                0,
                weighing(2, files.source(Format.JSON, "heavy*.json")),
                weighing(0.5, files.source(Format.JSON, "light*.json")));

        Preparation.Outcome outcome = prepare(corpus, settings(0.2, LENGTH));

        long light = outcome.sources().get(1).samples();
        long heldOut = outcome.splits().get(1).documents();
        assertThat(light).isBetween(10L, 30L);
        assertThat(outcome.funnel().dropped()).contains(new Dropped("weight", "not-drawn", 40 - light));
        assertThat(heldOut).isPositive();
        Map<String, Long> shown = new TreeMap<>();
        for (Row row : rows(outcome.splits().get(0))) {
            row.<String>getList(row.fieldIndex(TokenDataset.DOCUMENT_IDS))
                    .forEach(id -> shown.merge(id, 1L, Long::sum));
        }
        assertThat(shown).hasSizeGreaterThan(40);
        shown.forEach((id, times) -> assertThat(times).as(id).isEqualTo(id.startsWith("heavy") ? 2 : 1));
        long heavyHeldOut = 40
                - shown.keySet().stream().filter(id -> id.startsWith("heavy")).count();
        assertThat(outcome.sources().get(0).samples()).isEqualTo(80 - heavyHeldOut);
    }

    private static SourceConfig weighing(double weight, SourceConfig source) {
        return CorpusDirectory.source(
                source.format(),
                source.path(),
                "",
                source.text(),
                source.id(),
                "",
                "",
                source.document(),
                weight,
                "",
                CorpusDirectory.EVER);
    }

    @Test
    void keepsADocumentInItsSplitWhenOthersCome() {
        writeRandomCorpus(40);
        Map<String, Split> before = splits(prepare(corpus(0), settings(0.3, LENGTH)));
        files.writeJson("more.json", "more", "one more document that was not there before");

        Map<String, Split> after = splits(prepare(corpus(0), settings(0.3, LENGTH)));

        assertThat(after).containsAllEntriesOf(before).hasSize(41);
        assertThat(before.values()).contains(Split.TRAIN, Split.VALIDATION);
    }

    @Test
    void writesTheSameBytesForAnyPartitioningAndFileOrder() throws Exception {
        writeRandomCorpus(80);
        files.writeJson("twin.json", "twin", "a text that stands twice in the corpus");
        files.writeJson("twin2.json", "twin", "a text that stands twice in the corpus");
        files.write("broken.json", "{");
        List<List<FileEntry>> written = new ArrayList<>();
        for (Map<String, String> settings : List.of(
                Map.of("spark.sql.shuffle.partitions", "1", "spark.sql.adaptive.enabled", "true"),
                Map.of("spark.sql.shuffle.partitions", "3", "spark.sql.adaptive.enabled", "false"),
                Map.of("spark.sql.shuffle.partitions", "8", "spark.sql.files.openCostInBytes", "16000000"))) {
            SharedSpark.with(settings, () -> prepare(corpus(1), settings(0.2, LENGTH)));
            written.add(storage.describe(output()));
            storage.delete(output());
        }

        assertThat(written.get(0))
                .extracting(FileEntry::path)
                .containsExactly(
                        "ledger/part-00000.parquet", "train/part-00000.parquet", "validation/part-00000.parquet");
        assertThat(written.get(1)).isEqualTo(written.get(0));
        assertThat(written.get(2)).isEqualTo(written.get(0));
    }

    @Test
    void writesTheSameBytesWithNearDuplicatesAndEvaluationSetsForAnyPartitioning() throws Exception {
        writeNearDuplicates();
        PrepareConfig.Decontaminate decontaminate = new PrepareConfig.Decontaminate(
                5, 1, true, List.of(files.source(Format.JSON_LINES, "questions.jsonl", List.of())));
        List<List<FileEntry>> written = new ArrayList<>();
        List<Funnel> funnels = new ArrayList<>();
        for (Map<String, String> settings : List.of(
                Map.of("spark.sql.shuffle.partitions", "1", "spark.sql.adaptive.enabled", "true"),
                Map.of("spark.sql.shuffle.partitions", "3", "spark.sql.adaptive.enabled", "false"),
                Map.of("spark.sql.shuffle.partitions", "8", "spark.sql.files.openCostInBytes", "16000000"))) {
            PrepareConfig near = settings(PrepareConfig.Deduplicate.NEAR, Keep.SURVIVOR, 0.2, decontaminate, LENGTH);
            funnels.add(
                    SharedSpark.with(settings, () -> prepare(corpus(1), near)).funnel());
            written.add(storage.describe(output()));
            storage.delete(output());
        }

        assertThat(written.get(1)).isEqualTo(written.get(0));
        assertThat(written.get(2)).isEqualTo(written.get(0));
        assertThat(funnels.get(0)).isEqualTo(funnels.get(1)).isEqualTo(funnels.get(2));
        assertThat(funnels.get(0).dropped())
                .contains(new Dropped("deduplicate", "near-duplicate", 40))
                .contains(new Dropped("decontaminate", "evaluation-overlap", 1))
                .contains(new Dropped("decontaminate", "held-out-overlap", 0));
    }

    @Test
    void computesOnlyWhatIsNewOfACorpusThatHasGrown() {
        PrepareConfig.Decontaminate nothing = new PrepareConfig.Decontaminate(13, 1, false, List.of());
        PrepareConfig near = settings(PrepareConfig.Deduplicate.NEAR, Keep.SURVIVOR, 0.2, nothing, LENGTH);
        writeNearDuplicates();
        Optional<org.apache.hadoop.fs.Path> computed =
                Optional.of(new org.apache.hadoop.fs.Path(directory + "/computed"));
        prepare(corpus(1), near, computed);
        storage.delete(output());
        files.writeJson("later.json", "later", "a document that came when all the others had been there for a week");
        files.writeJson("again.json", "again", "another one, of which nothing stands in the first");
        // Of an earlier document there is the signature alone.
        files.writeJson("near.json", "near", textOf("n7") + " it");

        List<Dropped> dropped = prepare(corpus(1), near, computed).funnel().dropped();
        List<FileEntry> grown = storage.describe(output());
        Row ledger = spark.read()
                .parquet(output() + "/ledger/part-00000.parquet")
                .where("document_id = 'near'")
                .first();
        storage.delete(output());
        prepare(corpus(1), near);

        assertThat(grown).isEqualTo(storage.describe(output()));
        assertThat(rowsOfParts("signatures")).containsExactlyInAnyOrder(81L, 3L);
        assertThat(rowsOfParts("tokens")).containsExactlyInAnyOrder(41L, 2L);
        assertThat(dropped).contains(new Dropped("deduplicate", "near-duplicate", 41));
        assertThat(ledger.<String>getAs("reason")).isEqualTo("near-duplicate");
        assertThat(ledger.<String>getAs("survivor_id")).isIn("n7", "copy7");
    }

    private String textOf(String id) {
        return spark.read().json(files.root() + "/" + id + ".json").first().getAs("text");
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
    void keepsClustersOnOneSideOfTheSplitWhereTheyAreKept() {
        writeNearDuplicates();
        PrepareConfig.Decontaminate nothing = new PrepareConfig.Decontaminate(13, 1, false, List.of());

        Map<String, Split> splits =
                splits(prepare(corpus(1), settings(PrepareConfig.Deduplicate.NEAR, Keep.ALL, 0.4, nothing, LENGTH)));

        assertThat(splits).hasSize(81);
        assertThat(splits.values()).contains(Split.TRAIN, Split.VALIDATION);
        for (int i = 0; i < 40; i++) {
            assertThat(splits.get("copy" + i)).isEqualTo(splits.get("n" + i));
        }
    }

    @Test
    void takesADocumentThatIsRepeatedAHundredThousandTimes() {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 100_000; i++) {
            lines.append("{\"id\": \"").append(i).append("\", \"text\": \"always the same few words of text\"}\n");
        }
        files.write("x.jsonl", lines.toString());
        PrepareConfig.Decontaminate nothing = new PrepareConfig.Decontaminate(13, 1, false, List.of());

        Preparation.Outcome outcome = SharedSpark.compiled(() -> prepare(
                CorpusDirectory.corpus(0, files.source(Format.JSON_LINES, "x.jsonl")),
                settings(PrepareConfig.Deduplicate.NEAR, Keep.SURVIVOR, 0, nothing, LENGTH)));

        assertThat(outcome.funnel().kept()).isEqualTo(1);
        assertThat(outcome.funnel().dropped()).contains(new Dropped("deduplicate", "exact-duplicate", 99_999));
    }

    @Test
    void writesParquetAsTheContractSays() throws IOException {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 1500; i++) {
            lines.append("{\"id\": \"")
                    .append(i)
                    .append("\", \"text\": \"document number ")
                    .append(i)
                    .append("\"}\n");
        }
        files.write("x.jsonl", lines.toString());
        CorpusConfig corpus = CorpusDirectory.corpus(0, files.source(Format.JSON_LINES, "x.jsonl"));

        DataFile file = prepare(corpus, settings(0, 16)).splits().get(0).files().get(0);

        assertThat(file).isEqualTo(new DataFile("train/part-00000.parquet", 0, file.sequences()));
        try (ParquetFileReader reader = ParquetFileReader.open(
                HadoopInputFile.fromPath(new org.apache.hadoop.fs.Path(output(), file.path()), new Configuration()))) {
            assertThat(reader.getFooter()
                            .getFileMetaData()
                            .getSchema()
                            .toString()
                            .lines()
                            .skip(1)
                            .map(String::strip))
                    .containsExactly(
                            "required group input_ids (LIST) {",
                            "repeated group list {",
                            "required int32 element;",
                            "}",
                            "}",
                            "required group labels (LIST) {",
                            "repeated group list {",
                            "required int32 element;",
                            "}",
                            "}",
                            "required group seq_lengths (LIST) {",
                            "repeated group list {",
                            "required int32 element;",
                            "}",
                            "}",
                            "required int64 sequence_id;",
                            "required group document_ids (LIST) {",
                            "repeated group list {",
                            "required binary element (STRING);",
                            "}",
                            "}",
                            "}");
            List<BlockMetaData> groups = reader.getFooter().getBlocks();
            assertThat(groups)
                    .extracting(BlockMetaData::getRowCount)
                    .startsWith(1024L)
                    .hasSize(2);
            assertThat(groups.get(0).getColumns())
                    .allSatisfy(column -> assertThat(column.getCodec()).isEqualTo(CompressionCodecName.ZSTD));
        }
    }

    @Test
    void refusesACorpusOfWhichNothingIsLeftForASplit() {
        files.writeJson("a.json", "a", "short");
        assertThatThrownBy(() -> prepare(corpus(0), settings(0, LENGTH)))
                .isInstanceOfSatisfying(
                        StageFailure.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.BAD_INPUT))
                .hasMessage("nothing is left of the corpus: 1 documents -> 0 kept, 1 dropped (too short 1)");

        files.writeJson("b.json", "b", "the only document that is long enough");
        assertThatThrownBy(() -> prepare(corpus(0), settings(1e-9, LENGTH)))
                .isInstanceOfSatisfying(
                        StageFailure.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.BAD_INPUT))
                .hasMessage("no document fell into the validation split: 1 documents are too few for prepare.split,"
                        + " or another seed is needed");
    }

    @Test
    void refusesATokenizerThatGoesBeyondTheModelsVocabulary() {
        files.writeJson("a.json", "a", "the only document of the corpus");
        TokenRules small = new TokenRules(tokenizerJson, OptionalInt.empty(), 0, 0, 100);

        assertThatThrownBy(() -> new Preparation(
                                corpus(0), settings(0, LENGTH), 17, small, Optional.empty(), Optional.empty())
                        .run(spark, storage, output(), quiet()))
                .isInstanceOfSatisfying(
                        StageFailure.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.MISMATCH))
                .hasMessageMatching("the tokenizer gives token \\d+, but the model's vocabulary has 100 tokens");
    }

    private Preparation.Outcome prepare(CorpusConfig corpus, PrepareConfig settings) {
        return prepare(corpus, settings, Optional.empty());
    }

    private Preparation.Outcome prepare(
            CorpusConfig corpus, PrepareConfig settings, Optional<org.apache.hadoop.fs.Path> computed) {
        TokenRules rules = new TokenRules(tokenizerJson, OptionalInt.of(1), END_OF_TEXT, PAD, 300);
        return new Preparation(corpus, settings, 17, rules, Optional.empty(), computed)
                .run(spark, storage, output(), quiet());
    }

    private Progress quiet() {
        return new Progress(spark, new PrintStream(PrintStream.nullOutputStream()));
    }

    private CorpusConfig corpus(double badRows) {
        return CorpusDirectory.corpus(badRows, files.source(Format.JSON, "*.json"));
    }

    private static PrepareConfig settings(double validation, int sequenceLength) {
        PrepareConfig.Decontaminate nothing = new PrepareConfig.Decontaminate(13, 1, false, List.of());
        return settings(PrepareConfig.Deduplicate.EXACT, Keep.SURVIVOR, validation, nothing, sequenceLength);
    }

    private static PrepareConfig settings(
            PrepareConfig.Deduplicate deduplicate,
            Keep keep,
            double validation,
            PrepareConfig.Decontaminate decontaminate,
            int sequenceLength) {
        PrepareConfig defaults = PrepareSettings.with();
        return new PrepareConfig(
                defaults.preset(),
                defaults.order(),
                PrepareConfig.Html.AUTO,
                PrepareConfig.Unicode.NFC,
                defaults.privacy(),
                defaults.recurringLines(),
                new PrepareConfig.Length(10, 400, PrepareConfig.Oversized.DROP),
                defaults.language(),
                defaults.filters(),
                deduplicate,
                new PrepareConfig.NearDuplicates(5, 14, 8, 0.75, keep, 0),
                new PrepareConfig.Split(validation, 0, "", ""),
                new PrepareConfig.RepeatedParagraphs(0),
                decontaminate,
                new PrepareConfig.Sequence(sequenceLength),
                new PrepareConfig.Samples(0),
                defaults.statistics(),
                true);
    }

    private org.apache.hadoop.fs.Path output() {
        return new org.apache.hadoop.fs.Path(directory + "/output");
    }

    /** Texts of 10 to 390 letters, by id. */
    private Map<String, String> writeRandomCorpus(int documents) {
        Random random = new Random(documents);
        Map<String, String> texts = new TreeMap<>();
        for (int i = 0; i < documents; i++) {
            String text = random.ints(10 + random.nextInt(380), 'a', 'z')
                    .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                    .toString();
            texts.put("d" + i, text);
            files.writeJson("d" + i + ".json", "d" + i, text);
        }
        return texts;
    }

    /** Forty pairs n0 and copy0 and so on that differ in one word, and a document that quotes a question. */
    private void writeNearDuplicates() {
        Random random = new Random(40);
        for (int i = 0; i < 40; i++) {
            String text = random.ints(60, 0, 20_000)
                    .mapToObj(Integer::toString)
                    .collect(java.util.stream.Collectors.joining(" "));
            files.writeJson("n" + i + ".json", "n" + i, text);
            files.writeJson("copy" + i + ".json", "copy" + i, text + " more");
        }
        files.writeJson("quote.json", "quote", "he asked what a licence is good for at all, and left");
        files.write("questions.jsonl", "{\"text\": \"What a licence is good for?\"}\n");
    }

    private List<Row> rows(SplitFigures split) {
        return spark.read()
                .parquet(output() + "/" + split.files().get(0).path())
                .collectAsList();
    }

    private Map<String, Split> splits(Preparation.Outcome outcome) {
        Map<String, Split> splits = new HashMap<>();
        for (SplitFigures split : outcome.splits()) {
            for (Row row : rows(split)) {
                row.<String>getList(row.fieldIndex(TokenDataset.DOCUMENT_IDS))
                        .forEach(id -> splits.put(id, split.split()));
            }
        }
        return splits;
    }

    /** Checks one sequence's columns against each other, and takes its documents' pieces out. */
    private static void unpack(Row row, Map<String, List<List<Integer>>> pieces) {
        List<Integer> ids = row.getList(row.fieldIndex(TokenDataset.INPUT_IDS));
        List<Integer> labels = row.getList(row.fieldIndex(TokenDataset.LABELS));
        List<Integer> lengths = row.getList(row.fieldIndex(TokenDataset.SEQUENCE_LENGTHS));
        List<String> documents = row.getList(row.fieldIndex(TokenDataset.DOCUMENT_IDS));
        assertThat(ids).hasSize(LENGTH);
        assertThat(labels).hasSize(LENGTH);
        assertThat(lengths.stream().mapToInt(Integer::intValue).sum()).isEqualTo(LENGTH);
        assertThat(lengths.size() - documents.size()).isBetween(0, 1);
        int start = 0;
        for (int i = 0; i < lengths.size(); i++) {
            List<Integer> piece = ids.subList(start, start + lengths.get(i));
            List<Integer> ofPiece = labels.subList(start, start + lengths.get(i));
            start += lengths.get(i);
            if (i < documents.size()) {
                pieces.computeIfAbsent(documents.get(i), id -> new ArrayList<>())
                        .add(piece);
                assertThat(ofPiece.get(0)).isEqualTo(TokenDataset.IGNORED_LABEL);
                assertThat(ofPiece.subList(1, ofPiece.size())).isEqualTo(piece.subList(1, piece.size()));
            } else {
                assertThat(piece).containsOnly(PAD);
                assertThat(ofPiece).containsOnly(TokenDataset.IGNORED_LABEL);
            }
        }
    }

    private static long labels(List<Row> rows) {
        return rows.stream()
                .flatMap(row -> row.<Integer>getList(row.fieldIndex(TokenDataset.LABELS)).stream())
                .filter(label -> label != TokenDataset.IGNORED_LABEL)
                .count();
    }

    /** The letters of the pieces: rows come in the order of sequences, so whole pieces come before the rest. */
    private static String decoded(List<List<Integer>> pieces) {
        List<Integer> tokens = pieces.stream().flatMap(List::stream).toList();
        assertThat(tokens).startsWith(1).endsWith(END_OF_TEXT);
        return TinyText.decode(tokenizerJson, tokens.subList(1, tokens.size() - 1));
    }
}
