package io.sparklora.training.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.adapter.EvaluationManifest;
import io.sparklora.pipeline.dataset.Split;
import io.sparklora.pipeline.run.StageResult;
import io.sparklora.pipeline.run.StageTransaction;
import io.sparklora.training.lora.PeftAdapter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class EvaluateStageTest {
    private static final Map<String, String> SPARK = Map.of(
            "spark.master", "local[2]",
            "spark.ui.enabled", "false",
            "spark.driver.host", "localhost",
            "spark.driver.bindAddress", "127.0.0.1");

    @TempDir
    Path directory;

    @BeforeEach
    void submit() {
        SPARK.forEach(System::setProperty);
    }

    @AfterEach
    void unsubmit() {
        SPARK.keySet().forEach(System::clearProperty);
    }

    @Test
    void judgesTheAdapterByAllHeldOutTokens() throws IOException {
        EvaluationFixture run = new EvaluationFixture(directory, "train.executors=2").prepared(Split.VALIDATION);
        PeftAdapter adapter = run.descended(4, 3);
        run.trained(adapter);

        StageResult result = new EvaluateStage(run.context()).run();

        double[] expected = run.meanLosses(adapter);
        assertThat(expected[1]).isLessThan(expected[0] - 0.1);
        assertThat(result.status()).isEqualTo(StageResult.Status.DONE);
        assertThat(result.exitCode()).isZero();
        assertThat(result.figures().get("base_loss_nats")).isCloseTo(expected[0], within(2e-6));
        assertThat(result.figures().get("adapter_loss_nats")).isCloseTo(expected[1], within(2e-6));
        assertThat(result.figures().get("adapter_perplexity")).isCloseTo(Math.exp(expected[1]), within(1e-3));
        assertThat(result.figures()).containsEntry("documents", 18.0).containsEntry("supervised_tokens", 126.0);
        assertThat(result.summary().detail()).startsWith("held-out perplexity, 18 documents: base ");
        assertThat(verdict(result, run).passed()).isTrue();
    }

    @Test
    void givesTheSameBytesForAnyNumberOfTasksAndSlots() throws IOException {
        List<String> verdicts = new ArrayList<>();
        for (int tasks = 1; tasks <= 3; tasks++) {
            System.setProperty("spark.master", tasks == 1 ? "local[1]" : "local[2]");
            EvaluationFixture run = new EvaluationFixture(
                            Files.createDirectory(directory.resolve("run" + tasks)), "train.executors=" + tasks)
                    .prepared(Split.VALIDATION);
            run.trained(run.descended(4, 1));

            StageResult result = new EvaluateStage(run.context()).run();

            EvaluationManifest verdict = verdict(result, run);
            verdicts.add(verdict.baseLoss() + " " + verdict.adapterLoss());
        }
        assertThat(verdicts.get(1)).isEqualTo(verdicts.get(0));
        assertThat(verdicts.get(2)).isEqualTo(verdicts.get(0));
    }

    @Test
    void rejectsAnAdapterThatIsNotBetterAndSaysSoAgain() throws IOException {
        EvaluationFixture run = new EvaluationFixture(directory).prepared(Split.VALIDATION);
        run.trained(run.descended(4, 0));

        StageResult first = new EvaluateStage(run.context()).run();
        StageResult second = new EvaluateStage(run.context()).run();

        assertThat(first.status()).isEqualTo(StageResult.Status.REJECTED);
        assertThat(first.exitCode()).isEqualTo(ExitCode.GATE_REJECTED.code());
        assertThat(first.errorKind()).contains("gate-rejected");
        assertThat(first.message())
                .startsWith("the adapter did not pass the gate: its held-out loss ")
                .endsWith("but is lower by 0.000000");
        assertThat(verdict(first, run).passed()).isFalse();
        assertThat(second.status()).isEqualTo(StageResult.Status.ALREADY_DONE);
        assertThat(second.exitCode()).isEqualTo(ExitCode.GATE_REJECTED.code());
        assertThat(second.figures()).isEqualTo(first.figures());
    }

    @Test
    void comparesWithTheChampionOfAnotherShape() throws IOException {
        EvaluationFixture run = new EvaluationFixture(directory).prepared(Split.VALIDATION);
        PeftAdapter champion = run.descended(2, 6);
        run.trained(run.descended(4, 1))
                .published(champion, EvaluationFixture.key("other"), run.plan().baseModelHash());

        StageResult result = new EvaluateStage(run.context()).run();

        double expected = run.meanLosses(champion)[1];
        EvaluationManifest verdict = verdict(result, run);
        assertThat(verdict.champion()).map(EvaluationManifest.Champion::version).contains("v1");
        assertThat(verdict.champion().orElseThrow().loss()).isCloseTo(expected, within(2e-6));
        assertThat(verdict.adapterLoss()).isBetween(expected, verdict.baseLoss());
        assertThat(result.exitCode()).isEqualTo(ExitCode.GATE_REJECTED.code());
        assertThat(result.message()).contains("must be lower than the champion v1's");
    }

    @Test
    void comparesWithTheBaseAloneWhereTheGateSaysSo() throws IOException {
        EvaluationFixture run =
                new EvaluationFixture(directory, "evaluate.gate.against=base").prepared(Split.VALIDATION);
        run.trained(run.descended(4, 1))
                .published(run.descended(2, 6), EvaluationFixture.key("other"), EvaluationFixture.key("another base"));

        StageResult result = new EvaluateStage(run.context()).run();

        assertThat(result.exitCode()).isZero();
        assertThat(verdict(result, run).champion()).isEmpty();
    }

    @Test
    void findsAPublishedAdapterDone() throws IOException {
        EvaluationFixture run = new EvaluationFixture(directory).prepared(Split.VALIDATION);
        run.published(run.descended(4, 1), run.runKey(), run.plan().baseModelHash());

        StageResult result = new EvaluateStage(run.context()).run();

        assertThat(result.status()).isEqualTo(StageResult.Status.ALREADY_DONE);
        assertThat(result.exitCode()).isZero();
        assertThat(result.summary().detail())
                .isEqualTo("held-out perplexity, published as v1: base 20.1 -> adapter 7.4");
        assertThat(result.figures()).containsEntry("base_loss_nats", 3.0).containsEntry("adapter_loss_nats", 2.0);
    }

    @Test
    void refusesAChampionOfAnotherBase() throws IOException {
        EvaluationFixture run = new EvaluationFixture(directory).prepared(Split.VALIDATION);
        run.trained(run.descended(4, 0))
                .published(run.descended(2, 0), EvaluationFixture.key("other"), EvaluationFixture.key("another base"));

        assertMismatch(
                run,
                "the champion tiny v1 was made for the base model "
                        + EvaluationFixture.key("another base").hex() + " but this adapter for "
                        + run.plan().baseModelHash().hex());
    }

    @Test
    void refusesAnotherBaseModelNamingBoth() throws IOException {
        EvaluationFixture run = new EvaluationFixture(directory).prepared(Split.VALIDATION);
        run.trained(run.descended(4, 0));
        io.sparklora.pipeline.basemodel.TinyModels.huggingFaceDirectory(run.model(), 2);

        assertMismatch(
                run,
                "but the dataset and the adapter were made for "
                        + run.plan().baseModelHash().hex());
    }

    @Test
    void refusesADamagedAdapter() throws IOException {
        EvaluationFixture run = new EvaluationFixture(directory).prepared(Split.VALIDATION);
        run.trained(run.descended(4, 0));
        Path tensors = Path.of(run.context().layout().adapterFiles(run.runKey()).toString())
                .resolve(PeftAdapter.TENSORS_FILE);
        byte[] bytes = Files.readAllBytes(tensors);
        bytes[bytes.length - 1] ^= 1;
        Files.write(tensors, bytes);

        assertMismatch(run, PeftAdapter.TENSORS_FILE + " is damaged: its SHA-256 is ");
    }

    @Test
    void refusesADamagedDatasetFoundByAnExecutor() throws IOException {
        EvaluationFixture run = new EvaluationFixture(directory).prepared(Split.VALIDATION);
        run.trained(run.descended(4, 0));
        Path file = Path.of(
                        run.context().layout().dataset(run.plan().datasetKey()).toString())
                .resolve("validation/part-0.parquet");
        byte[] bytes = Files.readAllBytes(file);
        bytes[100] ^= 1;
        Files.write(file, bytes);

        assertMismatch(run, "part-0.parquet is not the file that was prepared");
    }

    @Test
    void saysWhichStageIsMissing() throws IOException {
        EvaluationFixture run = new EvaluationFixture(directory);
        assertMismatch(run, "run prepare first");
        run.prepared(Split.VALIDATION);
        assertMismatch(run, "run train first");
    }

    @Test
    void refusesADatasetWithoutHeldOutTokens() throws IOException {
        EvaluationFixture run = new EvaluationFixture(directory).prepared(Split.TRAIN);
        run.trained(run.descended(4, 0));

        assertMismatch(run, "has no held-out tokens to judge by: raise prepare.split.validation");
    }

    private static void assertMismatch(EvaluationFixture run, String message) {
        EvaluateStage stage = new EvaluateStage(run.context());
        assertThatThrownBy(stage::run)
                .isInstanceOfSatisfying(
                        StageFailure.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.MISMATCH))
                .hasMessageContaining(message);
    }

    private static EvaluationManifest verdict(StageResult result, EvaluationFixture run) {
        Optional<EvaluationManifest> manifest = StageTransaction.committed(
                run.storage(),
                new org.apache.hadoop.fs.Path(result.artifacts().get("verdict")),
                EvaluationManifest.class);
        return manifest.orElseThrow();
    }
}
