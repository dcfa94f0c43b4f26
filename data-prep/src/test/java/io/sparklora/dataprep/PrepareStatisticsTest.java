package io.sparklora.dataprep;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparklora.pipeline.basemodel.TinyModels;
import io.sparklora.pipeline.config.ConfigFile;
import io.sparklora.pipeline.dataset.DatasetManifest;
import io.sparklora.pipeline.dataset.DatasetStatistics;
import io.sparklora.pipeline.dataset.DatasetStatistics.DroppedSample;
import io.sparklora.pipeline.dataset.DatasetStatistics.KeptSample;
import io.sparklora.pipeline.dataset.DatasetStatistics.SourceStatistics;
import io.sparklora.pipeline.dataset.DatasetStatistics.StepFigure;
import io.sparklora.pipeline.run.FileEntry;
import io.sparklora.pipeline.run.Json;
import io.sparklora.pipeline.run.RunKeys;
import io.sparklora.pipeline.run.RunLayout;
import io.sparklora.pipeline.run.StageMain;
import io.sparklora.pipeline.run.StageResult;
import io.sparklora.pipeline.run.StageTransaction;
import io.sparklora.pipeline.run.Storage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.jsoup.Jsoup;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What prepare says of a dataset, from the corpus to the page. */
final class PrepareStatisticsTest {
    private static final String TOO_SHORT = "length too-short";

    private final Storage storage = new Storage(new Configuration());

    @TempDir
    private Path directory;

    @BeforeEach
    void writeCorpusAndModel() throws IOException {
        CorpusDirectory files = new CorpusDirectory(directory.resolve("corpus"));
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            lines.add(
                    line("kept" + i, "document number " + i + ", long enough to be kept" + " x".repeat(i * 9), "MIT"));
        }
        for (int i = 0; i < 9; i++) {
            lines.add(line("short" + i, "short " + i, "MIT"));
        }
        lines.add(line("twin", "document number 5, long enough to be kept" + " x".repeat(45), "MIT"));
        lines.add(line("denied", "a text under a licence that is denied", "GPL-3.0-only"));
        lines.add(line("secret", "call 536-90-4399, a number that drops its document", "MIT"));
        lines.add(line("mail", "to a@b.example.com", "MIT"));
        lines.add("{\"id\": \"broken\", \"text\": 5}");
        files.write("x.jsonl", String.join("\n", lines));
        TinyModels.huggingFaceDirectory(directory.resolve("model"), 1);
        Files.writeString(directory.resolve("run.yaml"), """
                name: tiny
                storage: {runs: %1$s/runs}
                base: {model: %1$s/model}
                corpus:
                  sources: [{format: json-lines, path: %1$s/corpus/x.jsonl, id: id, licence-column: licence}]
                  bad-rows: 0.5
                  licences: {deny: [GPL-3.0-only]}
                prepare:
                  privacy: {replace: [email], drop: [ssn]}
                  length: {min-characters: 20}
                  split: {validation: 0.3}
                  sequence: {length: 32}
                """.formatted(directory));
    }

    private static String line(String id, String text, String licence) {
        return "{\"id\": \"" + id + "\", \"text\": \"" + text + "\", \"licence\": \"" + licence + "\"}";
    }

    @Test
    void saysTheFiguresOfTheManifestAndMore() {
        DatasetStatistics statistics = statistics(prepare());

        DatasetManifest manifest = manifest(prepare());
        assertThat(statistics.datasetKey()).isEqualTo(manifest.datasetKey());
        assertThat(statistics.funnel()).isEqualTo(manifest.funnel());
        assertThat(statistics.funnel().kept()).isEqualTo(40);
        assertThat(statistics.splits()).hasSize(2).allSatisfy(split -> {
            DatasetManifest.SplitFigures figures = manifest.split(split.split()).orElseThrow();
            assertThat(split.tokens()).isEqualTo(figures.tokens());
            assertThat(split.packing()).isEqualTo(figures.packing());
            assertThat(split.lengths().histogram().stream()
                            .mapToLong(DatasetStatistics.Bin::documents)
                            .sum())
                    .isEqualTo(figures.documents());
            assertThat(split.lengths().longest()).isGreaterThan(split.lengths().median());
        });
        long tokens = manifest.splits().stream()
                .mapToLong(DatasetManifest.SplitFigures::tokens)
                .sum();
        assertThat(statistics.sources())
                .containsExactly(new SourceStatistics(0, directory + "/corpus/x.jsonl", 54, 40, tokens));
        assertThat(statistics.licences()).containsExactly(new DatasetStatistics.Share("MIT", 40, tokens));
        assertThat(statistics.languages()).isEmpty();
        assertThat(statistics.privacy()).isEqualTo(manifest.privacy());
    }

    @Test
    void showsAsManyDocumentsOfEachFateAsItWasAskedFor() {
        DatasetStatistics statistics = statistics(prepare("prepare.statistics.samples=3"));

        assertThat(statistics.kept()).hasSize(3).allSatisfy(sample -> {
            assertThat(sample.documentId()).startsWith("kept");
            assertThat(sample.place()).startsWith("x.jsonl#");
            assertThat(sample.text()).startsWith("document number").hasSizeBetween(40, 300);
        });
        assertThat(statistics.dropped())
                .extracting(sample -> sample.step() + " " + sample.reason())
                .containsExactly(
                        "read not-a-string",
                        "licence licence-not-allowed",
                        "privacy ssn",
                        TOO_SHORT,
                        TOO_SHORT,
                        TOO_SHORT,
                        "deduplicate exact-duplicate");
        assertThat(sample(statistics, "exact-duplicate").survivorId()).contains("kept5");
        assertThat(sample(statistics, "licence-not-allowed").found()).contains("GPL-3.0-only");
        assertThat(sample(statistics, "exact-duplicate").text())
                .hasValueSatisfying(text -> assertThat(text).startsWith("document number 5, "));
    }

    @Test
    void showsTheTextThatTheStepSawAndWhatItMeasured() {
        DatasetStatistics statistics = statistics(prepare("prepare.statistics.samples=20"));

        assertThat(statistics.dropped())
                .filteredOn(sample -> sample.documentId().equals("mail"))
                .containsExactly(new DroppedSample(
                        "length",
                        "too-short",
                        "mail",
                        0,
                        "x.jsonl#53",
                        Optional.of(10.0),
                        Optional.of(20.0),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.of("to <EMAIL>")));
        assertThat(statistics.dropped())
                .filteredOn(sample -> sample.reason().equals("too-short"))
                .hasSize(10);
        assertThat(statistics.kept()).hasSize(20);
    }

    @Test
    void showsNoTextOfWhatWasDroppedBeforeTextsWereLookedThroughOrForWhatWasFound() {
        StageResult result = prepare();

        assertThat(statistics(result).dropped())
                .filteredOn(sample -> sample.text().isEmpty())
                .extracting(DroppedSample::reason)
                .containsExactly("not-a-string", "licence-not-allowed", "ssn");
        assertThat(read(result, DatasetStatistics.FILE) + read(result, DatasetStatistics.PAGE))
                .doesNotContain("a licence that is denied", "a number that drops", "536-90-4399", "b.example.com");
    }

    @Test
    void showsNoDocumentWhereNoneIsAskedFor() {
        DatasetStatistics statistics = statistics(prepare("prepare.statistics.samples=0"));

        assertThat(statistics.kept()).isEmpty();
        assertThat(statistics.dropped()).isEmpty();
        assertThat(statistics.funnel().kept()).isEqualTo(40);
    }

    @Test
    void writesTheSameBytesForAnyPartitioning() throws Exception {
        CorpusDirectory files = new CorpusDirectory(directory.resolve("corpus"));
        for (int i = 0; i < 8; i++) {
            files.write("y" + i + ".jsonl", line("other" + i, "another document, number " + i + " of eight", "MIT"));
        }
        List<List<FileEntry>> written = new ArrayList<>();
        for (Map<String, String> settings : List.of(
                Map.of("spark.sql.shuffle.partitions", "1", "spark.sql.adaptive.enabled", "true"),
                Map.of("spark.sql.shuffle.partitions", "3", "spark.sql.autoBroadcastJoinThreshold", "-1"),
                // A file a partition.
                Map.of("spark.sql.adaptive.enabled", "false", "spark.sql.files.openCostInBytes", "1000000000"))) {
            StageResult result =
                    SharedSpark.with(settings, () -> prepare("corpus.sources.0.path=" + directory + "/corpus/*.jsonl"));
            written.add(manifest(result).files());
            storage.delete(new org.apache.hadoop.fs.Path(directory + "/runs"));
        }

        assertThat(written.get(0)).extracting(FileEntry::path).contains(DatasetStatistics.FILE, DatasetStatistics.PAGE);
        assertThat(written.get(1)).isEqualTo(written.get(0));
        assertThat(written.get(2)).isEqualTo(written.get(0));
    }

    @Test
    void countsWhatEachStepDidToTextsHoweverTheWorkIsCut() throws Exception {
        CorpusDirectory files = new CorpusDirectory(directory.resolve("other"));
        files.writeJson("html.json", "html", "<p>One two three four five six.</p>");
        files.writeJson("spaces.json", "spaces", "  Seven  eight nine ten eleven twelve. ");
        files.writeJson(
                "long.json",
                "long",
                IntStream.range(0, 25).mapToObj(i -> "word" + i).collect(Collectors.joining(" ")));
        for (int i = 0; i < 3; i++) {
            files.writeJson(
                    "footer" + i + ".json",
                    "footer" + i,
                    "The number " + i + " of the series is here.\nA footer that recurs in all of them.\nNo");
        }
        for (int i = 0; i < 2; i++) {
            files.writeJson(
                    "pair" + i + ".json",
                    "pair" + i,
                    "A paragraph of text " + i + " alone.\n\nThe paragraph that two texts have in common.");
        }
        List<List<StepFigure>> changes = new ArrayList<>();
        for (Map<String, String> settings : List.of(
                Map.of("spark.sql.shuffle.partitions", "1", "spark.sql.adaptive.enabled", "true"),
                Map.of("spark.sql.adaptive.enabled", "false", "spark.sql.files.openCostInBytes", "1000000000"))) {
            StageResult result = SharedSpark.with(
                    settings,
                    () -> prepare(
                            "corpus.sources=[{format: json, path: \"" + directory + "/other/*.json\", id: id}]",
                            "prepare.html=auto",
                            "prepare.length={min-characters: 20, max-characters: 100, oversized: split}",
                            "prepare.recurring-lines={share: 0.25, documents: 3}",
                            "prepare.repeated-paragraphs={min-words: 3}",
                            "prepare.split.validation=0"));
            changes.add(statistics(result).changes());
            storage.delete(new org.apache.hadoop.fs.Path(directory + "/runs"));
        }

        assertThat(changes.get(0))
                .containsExactly(
                        new StepFigure("markup", "changed-documents", 1),
                        new StepFigure("normalise", "changed-documents", 1),
                        new StepFigure("oversized", "split-documents", 1),
                        new StepFigure("oversized", "parts", 2),
                        new StepFigure("recurring-lines", "removed-lines", 3),
                        new StepFigure("paragraphs", "removed-paragraphs", 1));
        assertThat(changes.get(1)).isEqualTo(changes.get(0));
    }

    @Test
    void keepsMostOfTheChosenDocumentsWhenOthersCome() {
        List<String> before = statistics(prepare()).kept().stream()
                .map(KeptSample::documentId)
                .toList();
        new CorpusDirectory(directory.resolve("corpus"))
                .write("y.jsonl", line("more", "one more document that was not there before", "MIT"));

        List<String> after =
                statistics(prepare("corpus.sources.0.path=" + directory + "/corpus/*.jsonl")).kept().stream()
                        .map(KeptSample::documentId)
                        .toList();

        assertThat(before).hasSize(5);
        assertThat(after).hasSize(5).containsAll(before.subList(0, 4));
    }

    @Test
    void thePageIsInTheResultAndShowsEveryDocumentOfTheStatistics() {
        StageResult result = prepare();

        assertThat(result.artifacts().get("statistics")).endsWith("/statistics.html");
        DatasetStatistics statistics = statistics(result);
        assertThat(Jsoup.parse(read(result, DatasetStatistics.PAGE)).select("article"))
                .hasSize(statistics.kept().size() + statistics.dropped().size());
    }

    private static DroppedSample sample(DatasetStatistics statistics, String reason) {
        return statistics.dropped().stream()
                .filter(sample -> sample.reason().equals(reason))
                .findFirst()
                .orElseThrow();
    }

    private DatasetStatistics statistics(StageResult result) {
        org.apache.hadoop.fs.Path file = file(result, DatasetStatistics.FILE);
        return Json.parse(DatasetStatistics.class, storage.read(file), file);
    }

    private String read(StageResult result, String name) {
        return new String(storage.read(file(result, name)), java.nio.charset.StandardCharsets.UTF_8);
    }

    private static org.apache.hadoop.fs.Path file(StageResult result, String name) {
        return new org.apache.hadoop.fs.Path(result.artifacts().get("dataset"), name);
    }

    private DatasetManifest manifest(StageResult result) {
        org.apache.hadoop.fs.Path dataset =
                new org.apache.hadoop.fs.Path(result.artifacts().get("dataset"));
        return StageTransaction.committed(storage, dataset, DatasetManifest.class)
                .orElseThrow();
    }

    private StageResult prepare(String... overrides) {
        ConfigFile file = ConfigFile.load(storage, directory.resolve("run.yaml").toString(), List.of(overrides));
        RunLayout layout = new RunLayout(
                new org.apache.hadoop.fs.Path(file.config().storage().runs()),
                file.config().name());
        return Prepare.run(
                new StageMain.Context(file.config(), new RunKeys(file), layout, storage), SharedSpark::session);
    }
}
