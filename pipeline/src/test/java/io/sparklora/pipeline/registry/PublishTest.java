package io.sparklora.pipeline.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.config.TrainConfig.FinetuningType;
import io.sparklora.pipeline.run.FileEntry;
import io.sparklora.pipeline.run.StageMain;
import io.sparklora.pipeline.run.StageResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class PublishTest {
    private static final String MODULE = "base_model.model.model.layers.0.self_attn.q_proj";

    @TempDir
    private Path directory;

    private RunDirectory run;
    private StageMain.Context context;

    @BeforeEach
    void configure() {
        run = new RunDirectory(directory);
        context = run.context();
    }

    private static void assertRefused(ThrowingCallable action, ExitCode code, String message) {
        assertThatThrownBy(action)
                .isInstanceOfSatisfying(
                        StageFailure.class, e -> assertThat(e.exitCode()).isEqualTo(code))
                .hasMessageContaining(message)
                .hasMessageNotContaining("\n");
    }

    private TrainedRun judged(StageMain.Context of, double loss) {
        return TrainedRun.of(of).prepare().train().evaluate(loss);
    }

    @Test
    void theFirstVersionBecomesTheChampion() {
        TrainedRun trained = judged(context, 2.3);

        StageResult result = Publish.publish(context);

        assertThat(result.status()).isEqualTo(StageResult.Status.DONE);
        assertThat(result.summary())
                .isEqualTo(new StageResult.Summary(
                        "published",
                        "legal v1 (champion)",
                        run.registry().resolve("v1").toString()));
        assertThat(RunDirectory.files(run.registry()))
                .containsExactly(
                        "aliases/champion/000001.json",
                        "claims/v1.json",
                        "v1/adapter_config.json",
                        "v1/adapter_model.safetensors",
                        "v1/manifest.json");
        VersionManifest version =
                AdapterRegistry.of(context.config(), context.storage()).verified("v1");
        assertThat(version.runKey()).isEqualTo(trained.runKey());
        assertThat(version.metrics())
                .isEqualTo(new VersionManifest.Metrics(50_000, 2.87, 2.3, Optional.empty(), Optional.empty()));
        assertThat(version.licences()).containsEntry("CC0-1.0", 605L);
        assertThat(version.codeVersion()).matches("[0-9]+\\.[0-9]+\\.[0-9]+.*");
        assertThat(version.config()).contains("\"name\":\"legal\"", "\"rank\":8");
    }

    @Test
    void publishesAWholeModelAsItIs() {
        List<String> files = List.of("config.json", "model.safetensors", "tokenizer.json");
        TrainedRun.of(context).prepare().trainWhole(files).evaluate(2.3);

        Publish.publish(context);

        VersionManifest version =
                AdapterRegistry.of(context.config(), context.storage()).verified("v1");
        assertThat(version.trained()).isEqualTo(FinetuningType.FULL);
        assertThat(version.files()).extracting(FileEntry::path).isEqualTo(files);
        assertThat(RunDirectory.files(run.registry()))
                .contains("v1/config.json", "v1/model.safetensors", "v1/tokenizer.json");
    }

    @Test
    void refusesAWholeModelThatTransformersCouldNotLoad() {
        TrainedRun.of(context)
                .prepare()
                .trainWhole(List.of("config.json", "tokenizer.json"))
                .evaluate(2.3);

        assertRefused(
                () -> Publish.publish(context),
                ExitCode.MISMATCH,
                "must hold a Hugging Face model, config.json, tokenizer.json and *.safetensors side by side, but holds"
                        + " [config.json, tokenizer.json]");
    }

    @Test
    void publishingAgainChangesNothing() {
        judged(context, 2.3);
        Publish.publish(context);
        List<String> files = RunDirectory.files(run.registry());

        StageResult again = Publish.publish(context);

        assertThat(again.status()).isEqualTo(StageResult.Status.ALREADY_DONE);
        assertThat(again.summary().detail()).isEqualTo("legal v1 (champion)");
        assertThat(RunDirectory.files(run.registry())).isEqualTo(files);
    }

    @Test
    void aBetterAdapterFollowsAsTheNextVersion() {
        judged(context, 2.3);
        Publish.publish(context);
        StageMain.Context next = run.context("seed=18");
        judged(next, 2.2);

        StageResult result = Publish.publish(next);

        AdapterRegistry registry = AdapterRegistry.of(context.config(), context.storage());
        assertThat(result.summary().detail()).isEqualTo("legal v2 (champion)");
        assertThat(registry.versions()).containsExactly("v1", "v2");
        assertThat(registry.history()).extracting(Move::version).containsExactly("v1", "v2");
        assertThat(registry.champion().orElseThrow().previous()).contains("v1");
        assertThat(registry.verified("v2").metrics().champion()).contains("v1");
        assertThat(registry.verified("v2").metrics().championLoss()).contains(2.5);
        assertThat(registry.byRunKey(context.keys().runKey(context.keys().plan(context.layout(), context.storage()))))
                .map(VersionManifest::version)
                .contains("v1");
    }

    @Test
    void aRejectedAdapterMovesNothing() {
        judged(context, 2.9);

        assertRefused(
                () -> Publish.publish(context),
                ExitCode.GATE_REJECTED,
                "the gate rejected the adapter: its held-out loss 2.9000 is not below the base's 2.8700 by 0.0");
        assertThat(RunDirectory.files(run.registry())).isEmpty();
    }

    @Test
    void aVerdictUnderAnotherChampionIsAConflict() {
        judged(context, 2.3);
        StageMain.Context rival = run.context("seed=18");
        judged(rival, 2.2);
        Publish.publish(rival);

        assertRefused(() -> Publish.publish(context), ExitCode.PUBLISH_CONFLICT, "judged under another champion");
        assertThat(AdapterRegistry.of(context.config(), context.storage()).versions())
                .containsExactly("v1");
    }

    @Test
    void whatIsMissingIsNamedWithTheStageThatMakesIt() {
        assertRefused(() -> Publish.publish(context), ExitCode.MISMATCH, "run prepare first");
        TrainedRun trained = TrainedRun.of(context).prepare();
        assertRefused(() -> Publish.publish(context), ExitCode.MISMATCH, "run train first");
        trained.train();
        assertRefused(() -> Publish.publish(context), ExitCode.MISMATCH, "run evaluate first");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            {"peft_type": "IA3", "r": 2, "lora_alpha": 4, "target_modules": ["q_proj"]}                     | peft_type must be "LORA" but was "IA3"
            {"peft_type": "LORA", "r": 3, "lora_alpha": 4, "target_modules": ["q_proj"]}                    | r must be 2 but was 3
            {"peft_type": "LORA", "r": 2, "target_modules": ["q_proj"]}                                     | lora_alpha must be 4 but was missing
            {"peft_type": "LORA", "r": 2, "lora_alpha": 4, "target_modules": []}                            | target_modules must be a list of names
            {"peft_type": "LORA", "r": 2, "lora_alpha": 4, "target_modules": ["v_proj"]}                    | its module is not in target_modules [v_proj]
            {"peft_type": "LORA", "r": 2, "lora_alpha": 4, "target_modules": ["q_proj", "v_proj"]}          | no tensor for the target modules [v_proj]
            {"peft_type": "LORA", "r": 2, "lora_alpha": 4, "target_modules": ["q_proj"], "bias": "all"}     | bias must be "none" but was "all"
            {"peft_type": "LORA", "r": 2, "lora_alpha": 4, "target_modules": ["q_proj"], "use_rslora": true} | use_rslora must be false but was true
            {"peft_type": "LORA", "r": 2, "lora_alpha": 4, "target_modules": ["q_proj"], "use_dora": true}  | use_dora must be false but was true
            {"peft_type": "LORA", "r": 2, "lora_alpha": 4, "target_modules": ["q_proj"], "modules_to_save": ["lm_head"]} | modules_to_save must be null but was ["lm_head"]
            {"peft_type": "LORA", "r": 2, "lora_alpha": 4, "target_modules": ["q_proj"], "rank_pattern": {"q_proj": 1}} | rank_pattern must be {} but was {"q_proj":1}
            {"peft_type": "LORA", "r": 2, "lora_alpha":                                                     | adapter_config.json is no JsonNode
            """)
    void refusesAConfigurationThatServersWouldMisread(String peftConfig, String message) {
        TrainedRun.of(context)
                .prepare()
                .train(peftConfig, TrainedRun.weights(MODULE, 1))
                .evaluate(2.3);

        assertRefused(() -> Publish.publish(context), ExitCode.MISMATCH, message);
        assertThat(RunDirectory.files(run.registry())).isEmpty();
    }

    @Test
    void refusesWeightsThatPeftWouldLoadToNoEffect() {
        TrainedRun trained = TrainedRun.of(context).prepare();

        trained.train(TrainedRun.PEFT_CONFIG, TrainedRun.weights("model.layers.0.self_attn.q_proj", 1))
                .evaluate(2.3);
        assertRefused(() -> Publish.publish(context), ExitCode.MISMATCH, "names must match");
        trained.train(TrainedRun.PEFT_CONFIG, TrainedRun.weights(MODULE, List.of(3L, 2L), 1));
        assertRefused(() -> Publish.publish(context), ExitCode.MISMATCH, "it must be F32 [2, in]");
        trained.train(TrainedRun.PEFT_CONFIG, TrainedRun.weights(MODULE, Float.NaN));
        assertRefused(() -> Publish.publish(context), ExitCode.MISMATCH, "has NaN in tensor");
        trained.train(TrainedRun.PEFT_CONFIG, new byte[] {1, 2, 3});
        assertRefused(() -> Publish.publish(context), ExitCode.MISMATCH, "adapter_model.safetensors");
        assertThat(RunDirectory.files(run.registry())).isEmpty();
    }

    @Test
    void refusesFilesThatAreNotWhatTrainWrote() throws IOException {
        TrainedRun trained = judged(context, 2.3);
        Path weights = Path.of(trained.adapter().toUri().getPath(), "adapter", "adapter_model.safetensors");
        byte[] other = TrainedRun.weights(MODULE, 2);
        Files.write(weights, other);

        assertRefused(() -> Publish.publish(context), ExitCode.MISMATCH, "is damaged: it has SHA-256");
        assertThat(AdapterRegistry.of(context.config(), context.storage()).versions())
                .isEmpty();
        Files.delete(weights);
        assertRefused(() -> Publish.publish(context), ExitCode.MISMATCH, "run train first");
    }
}
