package io.sparklora.training.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.adapter.AdapterManifest;
import io.sparklora.pipeline.adapter.ComputeType;
import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.pipeline.run.ContentKey;
import io.sparklora.pipeline.run.PreparedPlan;
import io.sparklora.pipeline.run.StageMain;
import io.sparklora.pipeline.run.StageResult;
import io.sparklora.pipeline.run.StageResult.Status;
import io.sparklora.pipeline.run.StageTransaction;
import io.sparklora.training.lora.LoraEntry;
import io.sparklora.training.lora.LoraInitializer;
import io.sparklora.training.lora.PeftAdapter;
import io.sparklora.training.lora.SavedEntry;
import io.sparklora.training.model.HostModel;
import io.sparklora.training.model.MicroBatch;
import io.sparklora.training.model.TaskGpu;
import io.sparklora.training.model.TorchScriptProgram;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The stage over a tiny random Llama in PyTorch, its one rank in this JVM. */
class TrainStageTest {
    /** Settings of a Spark that is all in this JVM. */
    static final Map<String, String> SPARK = Map.of(
            "spark.master", "local[1]",
            "spark.ui.enabled", "false",
            "spark.driver.host", "localhost",
            "spark.driver.bindAddress", "127.0.0.1");

    @TempDir
    private Path root;

    private TinyTraining tiny;

    @BeforeEach
    void submit() {
        SPARK.forEach(System::setProperty);
        tiny = new TinyTraining(root);
    }

    @AfterEach
    void unsubmit() {
        SPARK.keySet().forEach(System::clearProperty);
    }

    @Test
    void trainsAnAdapterOnceAndFindsItDoneAfterwards() throws IOException {
        StageMain.Context context = tiny.context();
        PreparedPlan plan = tiny.prepare(context, tiny.baseHash());
        ContentKey runKey = context.keys().runKey(plan);

        StageResult result = new TrainStage(context).run();

        AdapterManifest manifest = StageTransaction.committed(
                        tiny.storage, context.layout().adapter(runKey), AdapterManifest.class)
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
        assertThat(tiny.storage.exists(context.layout().checkpoints(runKey))).isFalse();
        assertThat(metrics(context, runKey)).hasSize(30).allMatch(line -> line.contains("\"update\":\"APPLIED\""));
        assertThatEveryMatrixMoved(context, runKey);
        byte[] adapter = tiny.adapterBytes(context, runKey);

        StageResult again = new TrainStage(context).run();

        assertThat(again.status()).isEqualTo(Status.ALREADY_DONE);
        assertThat(again.summary().outcome()).isEqualTo(result.summary().outcome());
        assertThat(tiny.adapterBytes(context, runKey)).isEqualTo(adapter);
    }

    @Test
    void trainsAnEmbeddingAndAHeadWholeAndKeepsThemAsPeftDoes() throws IOException {
        String[] whole = {"lora.modules-to-save=[embed_tokens, lm_head]", "publish.profile=peft", "train.tokens=640"};
        StageMain.Context context = tiny.context(whole);
        PreparedPlan plan = tiny.prepare(context, tiny.baseHash());
        ContentKey runKey = context.keys().runKey(plan);

        new TrainStage(context).run();

        try (BaseModel base = BaseModel.open(tiny.model)) {
            PeftAdapter adapter =
                    PeftAdapter.read(tiny.storage, context.layout().adapterFiles(runKey), base);
            assertThat(adapter.layout().saved())
                    .extracting(SavedEntry::key)
                    .containsExactly("base_model.model.model.embed_tokens.weight", "base_model.model.lm_head.weight");
            for (SavedEntry entry : adapter.layout().saved()) {
                float[] row = new float[entry.module().columns()];
                // The run's tokens are 40 to 47.
                base.read(entry.module().baseTensor(), 43, 1, row);
                assertThat(Arrays.copyOfRange(
                                adapter.parameters(),
                                entry.offset() + 43 * row.length,
                                entry.offset() + 44 * row.length))
                        .isNotEqualTo(row);
            }
        }
        assertThatThrownBy(
                        () -> new TrainStage(tiny.context("lora.modules-to-save=[wte]", "publish.profile=peft")).run())
                .hasMessageContaining("modules to save must be of [embed_tokens, lm_head]");
    }

    @Test
    void recordsTheNumberTypeOfItsProducts() throws IOException {
        StageMain.Context context = tiny.context("base.dtype=bf16", "base.compute=bf16", "train.tokens=128");
        PreparedPlan plan = tiny.prepare(context, tiny.baseHash());

        new TrainStage(context).run();

        assertThat(StageTransaction.committed(
                        tiny.storage, context.layout().adapter(context.keys().runKey(plan)), AdapterManifest.class))
                .hasValueSatisfying(manifest -> assertThat(manifest.compute()).isEqualTo(ComputeType.BF16));
    }

    @Test
    void keepsTheAdapterWithTheLowestValidationLoss() throws IOException {
        StageMain.Context context = tiny.context(
                "train.validation.steps=4",
                "train.validation.patience=2",
                "train.learning-rate=3",
                "train.schedule=constant");
        ContentKey runKey = context.keys().runKey(tiny.prepare(context, tiny.baseHash()));

        StageResult result = new TrainStage(context).run();

        AdapterManifest manifest = StageTransaction.committed(
                        tiny.storage, context.layout().adapter(runKey), AdapterManifest.class)
                .orElseThrow();
        AdapterManifest.Validation validation = manifest.validation().orElseThrow();
        assertThat(manifest.steps()).isEqualTo(validation.step() + 8).isLessThan(30);
        assertThat(result.summary().detail())
                .startsWith(manifest.steps() + " of 30 steps (validation loss no longer fell) on 1 executor");
        assertThat(result.figures()).containsEntry("validation_loss_nats", validation.loss());
        assertThat(metrics(context, runKey).get((int) validation.step() - 1))
                .contains("\"validation_loss\":" + validation.loss());
        assertThat(lossOfPublished(context, runKey)).isCloseTo(validation.loss(), within(1e-5));
    }

    /** Over the whole split, which the stage measured, too. */
    private double lossOfPublished(StageMain.Context context, ContentKey runKey) {
        try (BaseModel base = BaseModel.open(tiny.model)) {
            PeftAdapter adapter =
                    PeftAdapter.read(tiny.storage, context.layout().adapterFiles(runKey), base);
            try (TorchScriptProgram program =
                    HostModel.of(context.config()).program(base, adapter.config(), TaskGpu.NONE)) {
                program.load(adapter.parameters());
                MicroBatch batch =
                        tiny.sequences(context).read(LongStream.range(0, 30).toArray());
                return program.lossSum(batch) / batch.supervisedTokens();
            }
        }
    }

    @Test
    void refusesToMeasureWhereNothingIsHeldOut() throws IOException {
        StageMain.Context context = tiny.context("train.validation.steps=4");
        tiny.prepareWithoutValidation(context, tiny.baseHash());
        assertThatThrownBy(() -> new TrainStage(context).run())
                .hasMessageContaining("train.validation.steps is 4")
                .hasMessageContaining("has no validation split: set prepare.split.validation above 0")
                .extracting(e -> ((StageFailure) e).exitCode())
                .isEqualTo(ExitCode.USAGE);
    }

    /** Ranks, scales, blocks, dropout, LoRA+ and wsd of the configuration; then again from where that ended. */
    @Test
    void goesOnFromAnAdapterWithPatternsAndDropout() throws IOException {
        String[] variants = {
            "lora.scaling=rslora",
            "lora.targets=[q_proj, mlp.down_proj]",
            "lora.layers='1'",
            "lora.rank-pattern.q_proj=2",
            "lora.alpha-pattern.q_proj=5",
            "lora.dropout=0.1",
            "lora.b-learning-rate-ratio=4",
            "train.schedule=wsd"
        };
        StageMain.Context context = tiny.context(variants);
        PreparedPlan plan = tiny.prepare(context, tiny.baseHash());
        new TrainStage(context).run();
        ContentKey runKey = context.keys().runKey(plan);
        AdapterManifest first = manifest(context, runKey);

        String[] further = Arrays.copyOf(variants, variants.length + 1);
        further[variants.length] = "lora.from=" + context.layout().adapter(runKey);
        StageMain.Context warm = tiny.context(further);
        ContentKey warmKey = warm.keys().runKey(plan);
        new TrainStage(warm).run();

        assertThat(warmKey).isNotEqualTo(runKey);
        assertThat(first.rank()).isEqualTo(4);
        assertThat(manifest(warm, warmKey).firstLoss()).isLessThan(first.firstLoss() - 0.5);
        try (BaseModel base = BaseModel.open(tiny.model)) {
            PeftAdapter adapter = PeftAdapter.read(tiny.storage, warm.layout().adapterFiles(warmKey), base);
            assertThat(adapter.layout().branches())
                    .extracting(branch -> branch.path() + " " + branch.rank() + " " + branch.scale())
                    .containsExactly("model.layers.1.self_attn.q_proj 4 2.0", "model.layers.1.mlp.down_proj 4 2.0");
        }
        StageMain.Context other = tiny.context("lora.from=" + context.layout().adapter(runKey));
        assertThatThrownBy(() -> new TrainStage(other).run())
                .hasMessageContaining("the adapter differs from the run in 12 branches");
    }

    @Test
    void trainsDoraAndKeepsItAsPeftDoes() throws IOException {
        StageMain.Context context = tiny.context(
                "lora.kind=dora", "publish.profile=peft", "lora.scaling=rslora", "lora.rank-pattern.q_proj=2");
        ContentKey runKey = context.keys().runKey(tiny.prepare(context, tiny.baseHash()));

        new TrainStage(context).run();

        AdapterManifest manifest = manifest(context, runKey);
        assertThat(manifest.lastLoss()).isLessThan(manifest.firstLoss() - 1);
        byte[] config = tiny.storage.read(
                new org.apache.hadoop.fs.Path(context.layout().adapterFiles(runKey), "adapter_config.json"));
        assertThat(new String(config, StandardCharsets.UTF_8)).contains("\"use_dora\" : true", "\"r\" : 4");
        try (BaseModel base = BaseModel.open(tiny.model)) {
            PeftAdapter adapter =
                    PeftAdapter.read(tiny.storage, context.layout().adapterFiles(runKey), base);
            assertThat(adapter.parameters()).hasSize((int) manifest.parameters());
            assertThat(adapter.layout().entries())
                    .extracting(LoraEntry::key)
                    .contains("base_model.model.model.layers.1.mlp.down_proj.lora_magnitude_vector");
        }
    }

    private AdapterManifest manifest(StageMain.Context context, ContentKey runKey) {
        return StageTransaction.committed(tiny.storage, context.layout().adapter(runKey), AdapterManifest.class)
                .orElseThrow();
    }

    private void assertThatEveryMatrixMoved(StageMain.Context context, ContentKey runKey) {
        try (BaseModel base = BaseModel.open(tiny.model)) {
            PeftAdapter adapter =
                    PeftAdapter.read(tiny.storage, context.layout().adapterFiles(runKey), base);
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

    private List<String> metrics(StageMain.Context context, ContentKey runKey) {
        byte[] text =
                tiny.storage.read(new org.apache.hadoop.fs.Path(context.layout().adapter(runKey), "metrics.jsonl"));
        return new String(text, StandardCharsets.UTF_8).lines().toList();
    }

    @Test
    void refusesABaseModelThatTheDatasetWasNotMadeFor() throws IOException {
        StageMain.Context context = tiny.context();
        ContentKey runKey = context.keys().runKey(tiny.prepare(context, ContentKey.of(List.of("another model"))));
        assertThatThrownBy(() -> new TrainStage(context).run())
                .hasMessageContaining("base")
                .extracting(e -> ((StageFailure) e).exitCode())
                .isEqualTo(ExitCode.MISMATCH);
        assertThat(tiny.storage.exists(
                        new org.apache.hadoop.fs.Path(context.layout().adapter(runKey), "manifest.json")))
                .isFalse();
    }

    @Test
    void asksForADatasetThatWasNeverPrepared() throws IOException {
        StageMain.Context context = tiny.context();
        assertThatThrownBy(() -> new TrainStage(context).run()).hasMessageContaining("run prepare first");
    }

    @Test
    void makesDoWithTheExecutorsThatAreThere() throws IOException {
        System.setProperty("spark.master", "local[2]");
        StageMain.Context context = tiny.context("train.executors=2");
        tiny.prepare(context, tiny.baseHash());

        StageResult result = new TrainStage(context).run();

        // In local mode the driver is the only executor, so one rank is what is left to plan with.
        assertThat(result.summary().detail()).contains("on 1 executor");
    }

    @Test
    void endsWithTheDivergedExitCodeWhereTheLossIsNotFinite() throws IOException {
        StageMain.Context context = tiny.context(
                "train.learning-rate=10",
                "train.clip=0",
                "train.weight-decay=1",
                "train.warmup=0",
                "train.tokens=12800");
        tiny.prepare(context, tiny.baseHash());
        assertThatThrownBy(() -> new TrainStage(context).run())
                .extracting(e -> ((StageFailure) e).exitCode())
                .isEqualTo(ExitCode.DIVERGED);
    }
}
