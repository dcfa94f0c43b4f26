package io.sparklora.dataprep;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.basemodel.TinyModels;
import io.sparklora.pipeline.config.ConfigFile;
import io.sparklora.pipeline.dataset.DatasetManifest;
import io.sparklora.pipeline.run.FileEntry;
import io.sparklora.pipeline.run.PreparedPlan;
import io.sparklora.pipeline.run.RunKeys;
import io.sparklora.pipeline.run.RunLayout;
import io.sparklora.pipeline.run.StageMain;
import io.sparklora.pipeline.run.StageResult;
import io.sparklora.pipeline.run.StageTransaction;
import io.sparklora.pipeline.run.Storage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class PrepareTest {
    private static final Supplier<SparkSession> NO_SPARK = () -> {
        throw new AssertionError("a Spark session was started");
    };

    private final Storage storage = new Storage(new Configuration());

    @TempDir
    private Path directory;

    private CorpusDirectory files;

    @BeforeEach
    void writeCorpusAndModel() throws IOException {
        files = new CorpusDirectory(directory.resolve("corpus"));
        for (int i = 0; i < 12; i++) {
            files.writeJson(i + ".json", "id" + i, "document number " + i + ", long enough to be kept");
        }
        TinyModels.huggingFaceDirectory(directory.resolve("model"), 1);
        Files.writeString(directory.resolve("run.yaml"), """
                name: tiny
                storage: {runs: %1$s/runs}
                base: {model: %1$s/model}
                corpus: {sources: [{format: json, path: "%1$s/corpus/*.json", id: id, licence: MIT}]}
                prepare: {length: {min-characters: 20}, split: {validation: 0.3}, sequence: {length: 32}}
                """.formatted(directory));
    }

    @Test
    void commitsADatasetAndFindsItDoneWithoutSpark() {
        StageMain.Context context = context();

        StageResult first = Prepare.run(context, SharedSpark::session);
        StageResult second = Prepare.run(context, NO_SPARK);

        assertThat(first.status()).isEqualTo(StageResult.Status.DONE);
        assertThat(first.summary().detail()).isEqualTo("12 documents -> 12 kept, 0 dropped");
        assertThat(first.figures()).containsEntry("documents_kept", 12.0).containsKey("padding_share");
        assertThat(second.status()).isEqualTo(StageResult.Status.ALREADY_DONE);
        assertThat(second.summary()).isEqualTo(first.summary());
        assertThat(second.artifacts()).isEqualTo(first.artifacts());
    }

    @Test
    void leavesAPlanThatLeadsToTheManifest() {
        StageMain.Context context = context();

        Prepare.run(context, SharedSpark::session);

        PreparedPlan plan = context.keys().plan(context.layout(), storage);
        DatasetManifest manifest = StageTransaction.committed(
                        storage, context.layout().dataset(plan.datasetKey()), DatasetManifest.class)
                .orElseThrow();
        assertThat(manifest.datasetKey()).isEqualTo(plan.datasetKey());
        assertThat(manifest.licences()).containsEntry("MIT", 12L);
        assertThat(manifest.vocabularySize()).isEqualTo(300);
        assertThat(manifest.files())
                .extracting(FileEntry::path)
                .containsExactly(
                        "statistics.html",
                        "statistics.json",
                        "train/part-00000.parquet",
                        "validation/part-00000.parquet");
    }

    @Test
    void preparesAgainWhenAFileChangesOrTheDatasetIsDamaged() throws IOException {
        StageResult first = Prepare.run(context(), SharedSpark::session);
        files.writeJson("0.json", "id0", "document number zero, which has changed since");

        StageResult changed = Prepare.run(context(), SharedSpark::session);
        Path train = Path.of(changed.artifacts().get("dataset").replace("file:", ""), "train", "part-00000.parquet");
        byte[] bytes = Files.readAllBytes(train);
        Files.write(train, new byte[] {1, 2, 3});
        StageResult repaired = Prepare.run(context(), SharedSpark::session);

        assertThat(changed.artifacts().get("dataset"))
                .isNotEqualTo(first.artifacts().get("dataset"));
        assertThat(repaired.status()).isEqualTo(StageResult.Status.DONE);
        assertThat(train).hasBinaryContent(bytes);
    }

    @Test
    void saysThatThereIsNothingNewWhereAnAdapterWasTrainedOnTheSameSequences() throws IOException {
        StageMain.Context context = context();
        StageResult first = Prepare.run(context, SharedSpark::session);
        PreparedPlan plan = context.keys().plan(context.layout(), storage);
        files.writeJson("13.json", "z13", "document number 3, long enough to be kept");

        assertThat(Prepare.run(context(), SharedSpark::session).status()).isEqualTo(StageResult.Status.DONE);
        storage.delete(context.layout().plan(context.keys().configKey()));
        Files.delete(directory.resolve("corpus/13.json"));
        assertThat(Prepare.run(context(), NO_SPARK).artifacts()).isEqualTo(first.artifacts());
        storage.replace(
                new org.apache.hadoop.fs.Path(
                        context.layout().adapter(context.keys().runKey(plan)), RunLayout.MANIFEST),
                new byte[] {'{', '}'});
        files.writeJson("13.json", "z13", "document number 3, long enough to be kept");

        for (Supplier<SparkSession> spark : List.<Supplier<SparkSession>>of(SharedSpark::session, NO_SPARK)) {
            assertThatThrownBy(() -> Prepare.run(context(), spark))
                    .isInstanceOfSatisfying(
                            StageFailure.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.NO_NEW_DATA))
                    .hasMessageContaining(
                            context.layout().dataset(plan.datasetKey()).toString());
            assertThat(context.keys().plan(context.layout(), storage)).isEqualTo(plan);
        }
        files.writeJson("14.json", "id14", "document number 14, which nobody has ever seen");
        assertThat(Prepare.run(context(), SharedSpark::session).status()).isEqualTo(StageResult.Status.DONE);
    }

    @Test
    void leavesNothingBehindWhenItFails() throws IOException {
        files.write("broken.json", "{");

        assertThatThrownBy(() -> Prepare.run(context(), SharedSpark::session))
                .isInstanceOfSatisfying(
                        StageFailure.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.BAD_INPUT))
                .hasMessageContaining("1 of 13 rows");

        try (var left = Files.walk(directory.resolve("runs"))) {
            assertThat(left.filter(Files::isRegularFile)).isEmpty();
        }
    }

    @Test
    void namesTheFileThatSparkCannotRead() {
        files.write("x.parquet", "no parquet at all");

        assertThatThrownBy(() -> Prepare.run(
                        context(
                                "corpus.sources.0.format=parquet",
                                "corpus.sources.0.path=" + directory + "/corpus/x.parquet"),
                        SharedSpark::session))
                .isInstanceOfSatisfying(
                        StageFailure.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.BAD_INPUT))
                .hasMessageContaining("x.parquet");
    }

    @Test
    void refusesATableThatIsNotThere() {
        assertThatThrownBy(() ->
                        Prepare.run(context("corpus.sources.0={format: table, table: nowhere}"), SharedSpark::session))
                .isInstanceOfSatisfying(
                        StageFailure.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.BAD_INPUT))
                .hasMessageContaining("nowhere");
    }

    private StageMain.Context context(String... overrides) {
        ConfigFile file = ConfigFile.load(storage, directory.resolve("run.yaml").toString(), List.of(overrides));
        RunLayout layout = new RunLayout(
                new org.apache.hadoop.fs.Path(file.config().storage().runs()),
                file.config().name());
        return new StageMain.Context(file.config(), new RunKeys(file), layout, storage);
    }
}
