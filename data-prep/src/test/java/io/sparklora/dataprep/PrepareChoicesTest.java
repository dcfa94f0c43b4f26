package io.sparklora.dataprep;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.basemodel.TinyModels;
import io.sparklora.pipeline.config.ConfigFile;
import io.sparklora.pipeline.dataset.DatasetManifest;
import io.sparklora.pipeline.dataset.DatasetManifest.Dropped;
import io.sparklora.pipeline.dataset.DatasetManifest.PrivacyFigures;
import io.sparklora.pipeline.dataset.DatasetManifest.SourceFigures;
import io.sparklora.pipeline.run.RunKeys;
import io.sparklora.pipeline.run.RunLayout;
import io.sparklora.pipeline.run.StageMain;
import io.sparklora.pipeline.run.StageTransaction;
import io.sparklora.pipeline.run.Storage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The stage with what a configuration can ask of a corpus, as its manifest tells. */
final class PrepareChoicesTest {
    private static final String LONG = "a first paragraph of some length\n\nand a second one of about that length";

    private final Storage storage = new Storage(new Configuration());

    @TempDir
    private Path directory;

    private CorpusDirectory files;

    @BeforeEach
    void writeModelAndConfiguration() throws IOException {
        files = new CorpusDirectory(directory.resolve("corpus"));
        TinyModels.huggingFaceDirectory(directory.resolve("model"), 1);
        Files.writeString(directory.resolve("run.yaml"), """
                name: tiny
                storage: {runs: %1$s/runs}
                base: {model: %1$s/model}
                corpus: {sources: [{format: csv, path: "%1$s/corpus/*.csv", id: id, licence: MIT}]}
                prepare: {length: {min-characters: 5}, split: {validation: 0}, sequence: {length: 32}}
                """.formatted(directory));
    }

    @Test
    void theManifestCountsFindingsByKindAndRowsBySource() {
        files.write(
                "a.csv",
                "id,text,day\n1,from a@example.com and b@example.com,2026-01-01\n2,nothing to see here,2026-01-02\n"
                        + "3,number 536-90-4399,2026-01-03\n4,too early by a day,2025-12-31\n5,\"open,2026-01-01\n");

        DatasetManifest manifest = prepare(
                "prepare.privacy={replace: email, drop: ssn}",
                "corpus.sources.0.window={column: day, from: 2026-01-01}",
                "corpus.bad-rows=0.5");

        assertThat(manifest.privacy())
                .containsExactly(new PrivacyFigures("email", "replace", 1, 2), new PrivacyFigures("ssn", "drop", 1, 1));
        assertThat(manifest.sources()).containsExactly(new SourceFigures(0, 4, 1, 1, 2));
        assertThat(manifest.funnel().read()).isEqualTo(4);
        assertThat(manifest.funnel().kept()).isEqualTo(2);
        assertThat(manifest.funnel().dropped())
                .contains(new Dropped("privacy", "ssn", 1), new Dropped("read", "unclosed-quote", 1));
    }

    @Test
    void dropsWhatALicenceForbidsWithItsReason() {
        files.write("a.csv", "id,text,rights\n1,free to be used,MIT\n2,not to be used,Proprietary\n");

        DatasetManifest manifest =
                prepare("corpus.sources.0.licence-column=rights", "corpus.licences={allow: [MIT, Apache-2.0]}");

        assertThat(manifest.funnel().dropped()).contains(new Dropped("licence", "licence-not-allowed", 1));
        assertThat(manifest.licences()).containsOnlyKeys("MIT");
    }

    @Test
    void dropsSplitsOrRefusesWhatIsTooLong() {
        files.write("a.csv", "id,text\n1,short enough\n2,\"" + LONG + "\"\n");

        assertThat(prepare("prepare.length.max-characters=50").funnel().dropped())
                .contains(new Dropped("length", "too-long", 1));
        DatasetManifest split = prepare("prepare.length={min-characters: 5, max-characters: 50, oversized: split}");
        assertThat(split.funnel().kept()).isEqualTo(3);
        assertThat(split.funnel().dropped()).extracting(Dropped::documents).containsOnly(0L);
        assertThatThrownBy(() -> prepare("prepare.length={min-characters: 5, max-characters: 50, oversized: refuse}"))
                .isInstanceOfSatisfying(
                        StageFailure.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.BAD_INPUT))
                .hasMessage("1 documents are longer than prepare.length.max-characters 50, and prepare.length.oversized"
                        + " is refuse; the first is a.csv#2 of corpus.sources.0");
    }

    @Test
    void refusesSequencesThatAreLongerThanTheModelsContext() {
        assertThatThrownBy(() -> prepare("prepare.sequence.length=8193"))
                .isInstanceOfSatisfying(
                        StageFailure.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.USAGE))
                .hasMessage("prepare.sequence.length must be at most 8192, the base model's context, but was 8193");
    }

    @Test
    void takesBoilerplateOutBeforeLengthsAreJudged() {
        StringBuilder csv = new StringBuilder("id,text\n");
        for (int i = 0; i < 12; i++) {
            csv.append(i).append(",\"text ").append(i).append("\nAll rights reserved by Example\"\n");
        }
        csv.append("12,\"All rights reserved by Example\n1\"\n");
        files.write("a.csv", csv.toString());

        DatasetManifest manifest = prepare("prepare.recurring-lines={share: 0.9, documents: 5}");

        assertThat(manifest.funnel().dropped()).contains(new Dropped("length", "too-short", 1));
        assertThat(manifest.funnel().kept()).isEqualTo(12);
    }

    @Test
    void refusesAParquetFileWhoseColumnHasAnotherType() {
        SharedSpark.session()
                .range(2)
                .selectExpr("'a text of some length' as text", "id")
                .coalesce(1)
                .write()
                .parquet(directory + "/p/a");
        SharedSpark.session()
                .range(2)
                .selectExpr("id as text", "id")
                .coalesce(1)
                .write()
                .parquet(directory + "/p/b");

        assertThatThrownBy(
                        () -> prepare("corpus.sources.0.format=parquet", "corpus.sources.0.path=" + directory + "/p"))
                .isInstanceOfSatisfying(
                        StageFailure.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.BAD_INPUT))
                .hasMessageContaining("the first is b/part-")
                .hasMessageEndingWith("of corpus.sources.0 (not-a-string)");
    }

    private DatasetManifest prepare(String... overrides) {
        ConfigFile file = ConfigFile.load(storage, directory.resolve("run.yaml").toString(), List.of(overrides));
        RunLayout layout = new RunLayout(
                new org.apache.hadoop.fs.Path(file.config().storage().runs()),
                file.config().name());
        StageMain.Context context = new StageMain.Context(file.config(), new RunKeys(file), layout, storage);
        Prepare.run(context, SharedSpark::session);
        return StageTransaction.committed(
                        storage,
                        layout.dataset(context.keys().plan(layout, storage).datasetKey()),
                        DatasetManifest.class)
                .orElseThrow();
    }
}
