package io.sparklora.training.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.adapter.AdapterManifest;
import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.pipeline.basemodel.DecoderWeight;
import io.sparklora.pipeline.basemodel.TinyModels;
import io.sparklora.pipeline.config.TrainConfig.FinetuningType;
import io.sparklora.pipeline.run.ContentKey;
import io.sparklora.pipeline.run.StageMain;
import io.sparklora.pipeline.run.StageResult;
import io.sparklora.pipeline.run.StageTransaction;
import io.sparklora.training.evaluation.EvaluateStage;
import io.sparklora.training.full.EveryWeight;
import io.sparklora.training.full.WholeModel;
import io.sparklora.training.generation.GenerateCommand;
import io.sparklora.training.lora.WholeEntry;
import io.sparklora.training.merge.MergeCommand;
import io.sparklora.training.model.HostModel;
import io.sparklora.training.model.TrainingOptions;
import io.sparklora.training.optimizer.ParameterGroup;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every weight of a tiny random Llama trained, its one rank in this JVM; what comes of it is judged and used. */
class FullTrainingTest {
    private static final Map<String, String> SPARK = Map.of(
            "spark.master", "local[1]",
            "spark.ui.enabled", "false",
            "spark.driver.host", "localhost",
            "spark.driver.bindAddress", "127.0.0.1");
    private static final String[] FULL = {"train.finetuning-type=full", "lora={}"};

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

    private AdapterManifest manifest(StageMain.Context context, ContentKey runKey) {
        return StageTransaction.committed(tiny.storage, context.layout().adapter(runKey), AdapterManifest.class)
                .orElseThrow();
    }

    @Test
    void trainsJudgesAndGeneratesWithAWholeModel() throws IOException {
        StageMain.Context context = tiny.context(FULL);
        ContentKey runKey = context.keys().runKey(tiny.prepare(context, tiny.baseHash()));

        new TrainStage(context).run();

        AdapterManifest manifest = manifest(context, runKey);
        assertThat(manifest.trained()).isEqualTo(FinetuningType.FULL);
        assertThat(manifest.rank()).isZero();
        assertThat(manifest.lastLoss()).isLessThan(manifest.firstLoss() - 2);
        assertThat(manifest.files())
                .extracting(file -> file.path())
                .contains("adapter/config.json", "adapter/tokenizer.json", "adapter/model.safetensors");
        assertThatEveryWeightMoved(context, runKey, manifest);

        StageResult verdict = new EvaluateStage(context).run();
        assertThat(verdict.exitCode()).as(verdict.message()).isZero();
        assertThat(verdict.figures().get("adapter_loss_nats"))
                .isLessThan(verdict.figures().get("base_loss_nats") - 2);

        String adapter = context.layout().adapter(runKey).toString();
        Outcome text = run((out, err) -> new GenerateCommand(out, err).run(new String[] {
            adapter,
            "--base",
            tiny.model.toString(),
            "--prompt",
            "FGHI",
            "--max-tokens",
            "8",
            "--cache",
            root.resolve("cache").toString(),
            "--with-base"
        }));
        assertThat(text.exitCode()).as(text.errors()).isZero();
        // The run's tokens are 40 to 47, the letters F to M in order.
        assertThat(text.out()).endsWith("JKLMFGHI" + System.lineSeparator());
        Outcome merged = run((out, err) -> new MergeCommand(out, err)
                .run(new String[] {adapter, "--base", tiny.model.toString(), "--output", root + "/merged"}));
        assertThat(merged.exitCode()).isEqualTo(ExitCode.USAGE.code());
        assertThat(merged.errors()).contains("merge takes adapters, but ", "holds a whole model");
    }

    private record Outcome(int exitCode, String out, String errors) {}

    private interface Command {
        int run(PrintStream out, PrintStream err);
    }

    private static Outcome run(Command command) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int exitCode = command.run(
                new PrintStream(out, true, StandardCharsets.UTF_8), new PrintStream(err, true, StandardCharsets.UTF_8));
        return new Outcome(exitCode, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    private void assertThatEveryWeightMoved(StageMain.Context context, ContentKey runKey, AdapterManifest manifest) {
        try (BaseModel base = BaseModel.open(tiny.model)) {
            float[] start = WholeModel.of(base).parameters();
            float[] end = WholeModel.read(tiny.storage, context.layout().adapterFiles(runKey), base)
                    .parameters();
            assertThat(end).hasSize((int) manifest.parameters());
            for (WholeEntry entry : new EveryWeight().layout(base.shape()).whole()) {
                int last = entry.offset() + entry.elements();
                assertThat(Arrays.mismatch(start, entry.offset(), last, end, entry.offset(), last))
                        .as(entry.weight().name())
                        .isNotNegative();
            }
        }
    }

    @Test
    void aTrainedModelIsABaseToGoOnFrom() throws IOException {
        StageMain.Context context = tiny.context(FULL);
        ContentKey runKey = context.keys().runKey(tiny.prepare(context, tiny.baseHash()));
        new TrainStage(context).run();
        Path trained = Path.of(context.layout().adapterFiles(runKey).toString());
        ContentKey hash;
        try (BaseModel base = BaseModel.open(trained)) {
            hash = new ContentKey(base.contentHash().sha256());
        }

        StageMain.Context next = tiny.context("base.model=" + trained, "train.tokens=128");
        ContentKey nextKey = next.keys().runKey(tiny.prepare(next, hash));
        new TrainStage(next).run();

        assertThat(manifest(next, nextKey).firstLoss())
                .isLessThan(manifest(context, runKey).firstLoss() - 2);
        assertThat(manifest(next, nextKey).trained()).isEqualTo(FinetuningType.LORA);
    }

    @Test
    void normsAndBiasesDoNotDecay() throws IOException {
        StageMain.Context context = tiny.context(FULL);
        DecoderProgramFactory factory = new DecoderProgramFactory(
                HostModel.of(context.config()),
                tiny.baseHash().hex(),
                new EveryWeight(),
                "",
                TrainingOptions.PLAIN,
                17);

        List<ParameterGroup> groups = factory.groups(1);

        try (BaseModel base = BaseModel.open(tiny.model)) {
            List<WholeEntry> weights = new EveryWeight().layout(base.shape()).whole();
            assertThat(groups).hasSameSizeAs(weights);
            for (int i = 0; i < weights.size(); i++) {
                assertThat(groups.get(i).decay())
                        .as(weights.get(i).weight().name())
                        .isEqualTo(weights.get(i).weight().kind() == DecoderWeight.Kind.MATRIX ? 1 : 0);
            }
            assertThat(groups).extracting(ParameterGroup::decay).contains(0.0, 1.0);
        }
    }

    @Test
    void refusesAGgufFileBeforeSparkStarts() throws IOException {
        Path gguf = TinyModels.gguf(root.resolve("base.gguf"), 1);
        StageMain.Context context = tiny.context(FULL[0], FULL[1], "base.model=" + gguf);
        tiny.prepare(context, tiny.baseHash());

        assertThatThrownBy(() -> new TrainStage(context).run())
                .hasMessageContaining(
                        "train.finetuning-type full needs a Hugging Face directory as base.model but it is " + gguf)
                .extracting(e -> ((StageFailure) e).exitCode())
                .isEqualTo(ExitCode.USAGE);
    }
}
