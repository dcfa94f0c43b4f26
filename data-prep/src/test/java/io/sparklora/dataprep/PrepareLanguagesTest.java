package io.sparklora.dataprep;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.sparklora.pipeline.basemodel.TinyModels;
import io.sparklora.pipeline.config.ConfigFile;
import io.sparklora.pipeline.dataset.DatasetManifest;
import io.sparklora.pipeline.dataset.DatasetManifest.Dropped;
import io.sparklora.pipeline.dataset.DatasetStatistics;
import io.sparklora.pipeline.dataset.DatasetStatistics.LanguageStatistics;
import io.sparklora.pipeline.run.Json;
import io.sparklora.pipeline.run.RunKeys;
import io.sparklora.pipeline.run.RunLayout;
import io.sparklora.pipeline.run.StageMain;
import io.sparklora.pipeline.run.StageResult;
import io.sparklora.pipeline.run.StageTransaction;
import io.sparklora.pipeline.run.Storage;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What sources say of their language and what their texts tell, from the corpus to the statistics. */
final class PrepareLanguagesTest {
    private final Storage storage = new Storage(new Configuration());

    @TempDir
    private java.nio.file.Path directory;

    @BeforeEach
    void writeCorpusAndModel() throws IOException {
        CorpusDirectory files = new CorpusDirectory(directory.resolve("corpus"));
        String english = "The licensee may copy and distribute the work in any medium, provided this notice is kept: ";
        String german =
                "Der Lizenznehmer darf das Werk in jedem Medium vervielfältigen, solange dieser Hinweis bleibt: ";
        for (int i = 0; i < 3; i++) {
            files.writeJson("en" + i + ".json", "en" + i, english + i);
            files.writeJson("pt" + i + ".json", "pt" + i, "11 22 33 44 55 66 77 -- 88 99 " + i);
            files.writeJson("de" + i + ".json", "de" + i, german + i);
        }
        files.writeJson("en3.json", "en3", english + 0);
        files.writeJson("number.json", "number", "12 34 56 78 90 -- 11 22 33");
        TinyModels.huggingFaceDirectory(directory.resolve("model"), 1);
        Files.writeString(directory.resolve("run.yaml"), """
                name: tiny
                storage: {runs: %1$s/runs}
                base: {model: %1$s/model}
                corpus:
                  sources:
                    - {format: json, path: "%1$s/corpus/en*.json", id: id, language: en}
                    - {format: json, path: "%1$s/corpus/pt*.json", id: id, language: pt-BR}
                    - {format: json, path: "%1$s/corpus/[dn]*.json", id: id}
                prepare: {length: {min-characters: 20}, split: {validation: 0}, sequence: {length: 256}}
                """.formatted(directory));
    }

    @Test
    void countsTheLanguagesThatSourcesDeclareWhereNoneIsIdentified() {
        StageResult result = prepare();

        Map<String, Long> documents = Map.of("eng", 3L, "por", 3L, "", 4L);
        assertThat(manifest(result).languages()).isEqualTo(documents);
        assertThat(statistics(result).languages())
                .hasSize(3)
                .allSatisfy(language -> assertThat(language.documents()).isEqualTo(documents.get(language.name())))
                .allSatisfy(language -> assertThat(language.tokens()).isPositive())
                .allSatisfy(language -> assertThat(language.confidence()).isEmpty());
    }

    @Test
    void dropsWhatIsDeclaredToBeInAnotherLanguageAndKeepsWhatNobodyKnows() {
        StageResult result = prepare("prepare.language.keep=[eng]");

        assertThat(manifest(result).languages()).isEqualTo(Map.of("eng", 3L, "", 4L));
        assertThat(ledger(result))
                .extracting(PrepareLanguagesTest::fate)
                .containsExactly(
                        "en3 exact-duplicate null",
                        "pt0 other-language por",
                        "pt1 other-language por",
                        "pt2 other-language por");
        assertThat(language(result, "por"))
                .isEqualTo(new LanguageStatistics(
                        "por", 3, 0, 0, Optional.empty(), List.of(new Dropped("language", "other-language", 3))));
        LanguageStatistics english = language(result, "eng");
        assertThat(english.read()).isEqualTo(4);
        assertThat(english.documents()).isEqualTo(3);
        assertThat(english.dropped()).containsExactly(new Dropped("deduplicate", "exact-duplicate", 1));
    }

    @Test
    void believesTheTextWhereItIsSureAndTheSourceWhereItIsNot() {
        StageResult result = prepare(
                "prepare.language.enabled=true",
                "prepare.language.min-confidence=0.05",
                "prepare.language.keep=[eng, por]");

        assertThat(manifest(result).languages()).isEqualTo(Map.of("eng", 3L, "por", 3L));
        assertThat(ledger(result))
                .extracting(PrepareLanguagesTest::fate)
                .containsExactly(
                        "de0 other-language deu",
                        "de1 other-language deu",
                        "de2 other-language deu",
                        "en3 exact-duplicate null",
                        "number unsure-language " + ledger(result).get(4).getAs("found"));
        assertThat(ledger(result).get(4).<Double>getAs("measured")).isBetween(0.0, 0.05);
        assertThat(ledger(result).get(4).<Double>getAs("threshold")).isEqualTo(0.05);
        assertThat(language(result, "deu").dropped()).containsExactly(new Dropped("language", "other-language", 3));
        double sure = ledger(result).stream()
                        .limit(3)
                        .mapToDouble(row -> row.<Double>getAs("measured"))
                        .sum()
                / 3;
        assertThat(language(result, "deu").confidence().orElseThrow()).isCloseTo(sure, within(2e-6));
        assertThat(language(result, "por").confidence().orElseThrow()).isBetween(0.0, 0.05);
    }

    private LanguageStatistics language(StageResult result, String name) {
        return statistics(result).languages().stream()
                .filter(language -> language.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static String fate(Row row) {
        return row.getAs("document_id") + " " + row.getAs("reason") + " " + row.getAs("found");
    }

    private List<Row> ledger(StageResult result) {
        return SharedSpark.session()
                .read()
                .parquet(result.artifacts().get("dataset") + "/ledger")
                .orderBy("document_id")
                .collectAsList();
    }

    private DatasetStatistics statistics(StageResult result) {
        Path file = new Path(result.artifacts().get("dataset"), DatasetStatistics.FILE);
        return Json.parse(DatasetStatistics.class, storage.read(file), file);
    }

    private DatasetManifest manifest(StageResult result) {
        Path dataset = new Path(result.artifacts().get("dataset"));
        return StageTransaction.committed(storage, dataset, DatasetManifest.class)
                .orElseThrow();
    }

    private StageResult prepare(String... overrides) {
        ConfigFile file = ConfigFile.load(storage, directory.resolve("run.yaml").toString(), List.of(overrides));
        RunLayout layout = new RunLayout(
                new Path(file.config().storage().runs()), file.config().name());
        return Prepare.run(
                new StageMain.Context(file.config(), new RunKeys(file), layout, storage), SharedSpark::session);
    }
}
