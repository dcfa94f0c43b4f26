package io.sparklora.training.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.adapter.AdapterManifest;
import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.pipeline.basemodel.TinyModels;
import io.sparklora.pipeline.config.ConfigFile;
import io.sparklora.pipeline.dataset.DatasetManifest;
import io.sparklora.pipeline.run.ContentKey;
import io.sparklora.pipeline.run.Json;
import io.sparklora.pipeline.run.PreparedPlan;
import io.sparklora.pipeline.run.RunKeys;
import io.sparklora.pipeline.run.RunLayout;
import io.sparklora.pipeline.run.StageMain;
import io.sparklora.pipeline.run.StageResult;
import io.sparklora.pipeline.run.StageResult.Status;
import io.sparklora.pipeline.run.StageTransaction;
import io.sparklora.pipeline.run.Storage;
import io.sparklora.training.data.TokenParquet;
import io.sparklora.training.lora.LoraInitializer;
import io.sparklora.training.lora.PeftAdapter;
import io.sparklora.training.model.MicroBatch;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The stage over a tiny random Llama in PyTorch, its one rank in this JVM. */
class TrainStageTest {
    private static final int LENGTH = 16;
    private static final Map<String, String> SPARK = Map.of(
            "spark.master", "local[1]",
            "spark.ui.enabled", "false",
            "spark.driver.host", "localhost",
            "spark.driver.bindAddress", "127.0.0.1");

    @TempDir
    private Path root;

    private final Storage storage = new Storage(new Configuration());
    private Path model;

    @BeforeEach
    void submit() throws IOException {
        SPARK.forEach(System::setProperty);
        model = TinyModels.huggingFaceDirectory(root.resolve("base"), 1);
    }

    @AfterEach
    void unsubmit() {
        SPARK.keySet().forEach(System::clearProperty);
    }

    private StageMain.Context context(String... overrides) throws IOException {
        Path config = Files.writeString(root.resolve("tiny.yaml"), """
                name: tiny
                storage: {runs: %s/runs, cache: %s/cache}
                base: {model: %s, dtype: fp32}
                corpus: {sources: [{format: json, path: corpus.json, text: text}]}
                lora: {rank: 4, alpha: 8}
                train: {tokens: 1900, batch: {sequences: 4, micro: 2}, checkpoint: {steps: 10}, learning-rate: 0.01}
                """.formatted(root, root, model));
        ConfigFile file = ConfigFile.load(storage, config.toString(), List.of(overrides));
        RunLayout layout = new RunLayout(
                new org.apache.hadoop.fs.Path(file.config().storage().runs()),
                file.config().name());
        return new StageMain.Context(file.config(), new RunKeys(file), layout, storage);
    }

    /** Leaves plan and dataset as prepare does; {@code baseHash} is the model that it says it tokenised for. */
    private PreparedPlan prepare(StageMain.Context context, ContentKey baseHash) throws IOException {
        ContentKey corpus = ContentKey.of(List.of("corpus"));
        PreparedPlan plan = new PreparedPlan(context.keys().datasetKey(baseHash, corpus), corpus, baseHash);
        storage.create(context.layout().plan(context.keys().configKey()), Json.bytes(plan));
        org.apache.hadoop.fs.Path directory = context.layout().dataset(plan.datasetKey());
        DatasetManifest manifest = TokenParquet.writeSplit(storage, directory, rows(), 20, 8, 300);
        storage.create(
                new org.apache.hadoop.fs.Path(directory, RunLayout.MANIFEST),
                Json.bytes(new DatasetManifest(
                        1,
                        plan.datasetKey(),
                        context.keys().configKey(),
                        corpus,
                        baseHash,
                        corpus.hex(),
                        LENGTH,
                        300,
                        manifest.splits(),
                        manifest.funnel(),
                        Map.of(),
                        List.of(),
                        List.of(),
                        manifest.files(),
                        "{}")));
        return plan;
    }

    private ContentKey baseHash() {
        try (BaseModel base = BaseModel.open(model)) {
            return new ContentKey(base.contentHash().sha256());
        }
    }

    /** Few tokens that follow one another in order: easy to learn. */
    private static List<TokenParquet.Row> rows() {
        Random random = new Random(5);
        List<TokenParquet.Row> rows = new ArrayList<>();
        for (int id = 0; id < 30; id++) {
            int first = random.nextInt(8);
            int[] ids = new int[LENGTH];
            Arrays.setAll(ids, at -> 40 + (first + at) % 8);
            int[] labels = ids.clone();
            int border = 1 + random.nextInt(LENGTH - 1);
            labels[0] = MicroBatch.IGNORED;
            labels[border] = MicroBatch.IGNORED;
            rows.add(new TokenParquet.Row(id, ids, labels, new int[] {border, LENGTH - border}));
        }
        return rows;
    }

    @Test
    void trainsAnAdapterOnceAndFindsItDoneAfterwards() throws IOException {
        StageMain.Context context = context();
        PreparedPlan plan = prepare(context, baseHash());
        ContentKey runKey = context.keys().runKey(plan);

        StageResult result = new TrainStage(context).run();

        AdapterManifest manifest = StageTransaction.committed(
                        storage, context.layout().adapter(runKey), AdapterManifest.class)
                .orElseThrow();
        assertThat(result.status()).isEqualTo(Status.DONE);
        assertThat(result.summary().detail()).startsWith("30 steps on 1 executor, ");
        assertThat(manifest.steps()).isEqualTo(30);
        assertThat(manifest.trainedTokens()).isEqualTo(1920);
        assertThat(manifest.firstLoss()).isBetween(5.0, 6.5);
        assertThat(manifest.lastLoss()).isLessThan(manifest.firstLoss() - 1);
        assertThat(manifest.files())
                .extracting(file -> file.path())
                .containsExactly("adapter/adapter_config.json", "adapter/adapter_model.safetensors");
        assertThat(storage.exists(context.layout().checkpoints(runKey))).isFalse();
        assertThat(metrics(context, runKey)).hasSize(30).allMatch(line -> line.contains("\"update\":\"APPLIED\""));
        assertThatEveryMatrixMoved(context, runKey);
        byte[] adapter = adapterBytes(context, runKey);

        StageResult again = new TrainStage(context).run();

        assertThat(again.status()).isEqualTo(Status.ALREADY_DONE);
        assertThat(again.summary().outcome()).isEqualTo(result.summary().outcome());
        assertThat(adapterBytes(context, runKey)).isEqualTo(adapter);
    }

    private void assertThatEveryMatrixMoved(StageMain.Context context, ContentKey runKey) {
        try (BaseModel base = BaseModel.open(model)) {
            PeftAdapter adapter = PeftAdapter.read(storage, context.layout().adapterFiles(runKey), base);
            float[] initial = LoraInitializer.seeded(17).initial(adapter.layout());
            assertThat(adapter.layout().entries()).allSatisfy(entry -> assertThat(Arrays.mismatch(
                            adapter.parameters(),
                            entry.offset(),
                            entry.offset() + entry.elements(),
                            initial,
                            entry.offset(),
                            entry.offset() + entry.elements()))
                    .as(entry.key())
                    .isNotNegative());
        }
    }

    private byte[] adapterBytes(StageMain.Context context, ContentKey runKey) {
        return storage.read(
                new org.apache.hadoop.fs.Path(context.layout().adapterFiles(runKey), "adapter_model.safetensors"));
    }

    private List<String> metrics(StageMain.Context context, ContentKey runKey) {
        byte[] text =
                storage.read(new org.apache.hadoop.fs.Path(context.layout().adapter(runKey), "metrics.jsonl"));
        return new String(text, StandardCharsets.UTF_8).lines().toList();
    }

    @Test
    void refusesABaseModelThatTheDatasetWasNotMadeFor() throws IOException {
        StageMain.Context context = context();
        ContentKey runKey = context.keys().runKey(prepare(context, ContentKey.of(List.of("another model"))));
        assertThatThrownBy(() -> new TrainStage(context).run())
                .hasMessageContaining("base")
                .extracting(e -> ((StageFailure) e).exitCode())
                .isEqualTo(ExitCode.MISMATCH);
        assertThat(storage.exists(new org.apache.hadoop.fs.Path(context.layout().adapter(runKey), "manifest.json")))
                .isFalse();
    }

    @Test
    void asksForADatasetThatWasNeverPrepared() throws IOException {
        StageMain.Context context = context();
        assertThatThrownBy(() -> new TrainStage(context).run()).hasMessageContaining("run prepare first");
    }

    @Test
    void makesDoWithTheExecutorsThatAreThere() throws IOException {
        System.setProperty("spark.master", "local[2]");
        StageMain.Context context = context("train.executors=2");
        prepare(context, baseHash());

        StageResult result = new TrainStage(context).run();

        // In local mode the driver is the only executor, so one rank is what is left to plan with.
        assertThat(result.summary().detail()).contains("on 1 executor");
    }

    @Test
    void endsWithTheDivergedExitCodeWhereTheLossIsNotFinite() throws IOException {
        StageMain.Context context =
                context("train.learning-rate=10", "train.clip=0", "train.weight-decay=1", "train.warmup=0");
        prepare(context, baseHash());
        assertThatThrownBy(() -> new TrainStage(context).run())
                .extracting(e -> ((StageFailure) e).exitCode())
                .isEqualTo(ExitCode.DIVERGED);
    }
}
