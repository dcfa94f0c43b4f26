package io.sparklora.pipeline.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparklora.pipeline.basemodel.TinyModels;
import io.sparklora.pipeline.registry.RunDirectory;
import io.sparklora.pipeline.registry.TrainedRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The real command line, spark-submit and publish; prepare, train and evaluate are stand-ins. */
final class ConductorTest {
    @TempDir
    private static Path home;

    private static FakeInstallation installation;

    @TempDir
    private Path directory;

    private RunDirectory run;

    @BeforeAll
    static void build() {
        installation = new FakeInstallation(home);
    }

    @BeforeEach
    void configure() {
        run = new RunDirectory(directory);
        TinyModels.huggingFaceDirectory(directory.resolve("base"), 1);
        RunDirectory.write(directory.resolve("corpus/a.txt"), "a");
    }

    private CommandProcess start(String command, String... overrides) {
        List<String> arguments = new ArrayList<>(List.of(command, run.config().toString()));
        for (String override : overrides) {
            arguments.addAll(List.of("--set", override));
        }
        arguments.addAll(List.of(
                "--set",
                "spark.conf.spark.driver.extraClassPath=" + FakeInstallation.classPath(),
                "--set",
                "spark.conf.spark.driver.extraJavaOptions=-XX:+UseSerialGC -XX:TieredStopAtLevel=1",
                "--set",
                "spark.driver-memory=256m",
                // The stand-ins need no executors.
                "--set",
                "spark.master=local[1]"));
        return CommandProcess.sparkLora(installation, directory, arguments.toArray(String[]::new));
    }

    /** What prepare and train leave, without running them. */
    private TrainedRun trained(String... overrides) {
        return StandInStages.run(run.context(overrides)).prepare().train();
    }

    @Test
    void aRunSubmitsEveryStageAndClosesWithALineEach() {
        CommandProcess first = start("run");

        assertThat(first.await()).as(first.text()).isZero();
        Path version = run.registry().resolve("v1");
        assertThat(first.text()).endsWith("""

                        prepared   760 documents         925,000 tokens
                        trained    60 steps              loss 2.90 -> 2.32
                        evaluated  held-out perplexity, 40 documents: base 17.6 -> adapter 10.0
                        published  legal v1 (champion)   %1$s
                        try it     bin/spark-lora generate %1$s --prompt "Once upon a time\"""".formatted(version));
        assertThat(RunDirectory.files(directory.resolve("runs/legal/results")))
                .containsExactly("evaluate.json", "prepare.json", "publish.json", "train.json");
    }

    @Test
    void aRunThatIsDoneSaysSoWithoutSpark() {
        trained().evaluate(2.3).publish();
        List<String> files = RunDirectory.files(directory);

        CommandProcess again = start("run", "spark.driver-memory=1m");

        assertThat(again.await()).as(again.text()).isZero();
        assertThat(again.text()).contains("""
                        prepare: already done
                        train: already done
                        evaluate: already done
                        publish: already done

                        prepared   760 documents -> 605 kept, 155 dropped (exact duplicate 96, too short 59)   925,000 tokens, 1,830 sequences
                        trained    60 steps, 122,880 tokens                                                    loss 2.90 -> 2.32
                        evaluated  held-out perplexity, 40 documents: base 17.6 -> adapter 10.0
                        published  legal v1 (champion)\s""");
        assertThat(RunDirectory.files(directory)).isEqualTo(files);
    }

    @Test
    void aChangedCorpusIsPreparedAgainAndAFailureEndsTheRun() throws IOException {
        trained("train.clip=" + StandInStages.DIVERGES);
        Files.writeString(directory.resolve("corpus/a.txt"), "b");

        CommandProcess again = start("run", "train.clip=" + StandInStages.DIVERGES);

        assertThat(again.await()).isEqualTo(30);
        assertThat(again.text())
                .contains("spark-lora train: the loss is NaN in step 3", "prepared  ")
                .doesNotContain("already done", "evaluated", "try it");
    }

    @Test
    void aRejectedAdapterEndsTheRunWithItsStatus() {
        trained("train.clip=" + StandInStages.IS_REJECTED);

        CommandProcess rejected = start("run", "train.clip=" + StandInStages.IS_REJECTED);

        assertThat(rejected.await()).isEqualTo(10);
        assertThat(rejected.text())
                .contains("train: already done", "adapter 18.2")
                .doesNotContain("evaluate: already done", "published", "try it");
        assertThat(RunDirectory.files(run.registry())).isEmpty();
    }

    @Test
    void aRejectionStandsUntilChampionOrGateChange() {
        trained().evaluate(2.9);

        CommandProcess again = start("run");

        assertThat(again.await()).isEqualTo(10);
        assertThat(again.text()).contains("evaluate: already done", "rejected").doesNotContain("published", "try it");
    }

    @ParameterizedTest
    @CsvSource({
        "5, 30, 'spark-lora train: the loss is NaN in step 3 (exit status 30; spark-submit''s was 0)'",
        "6, 0,  spark-lora train: done (exit status 0; spark-submit's was 1)",
    })
    void aStageEndsAsItsResultSaysWhateverSparkSubmitSays(int clip, int exitCode, String message) {
        StandInStages.run(run.context()).prepare();

        CommandProcess train = start("train", "train.clip=" + clip);

        assertThat(train.await()).as(train.text()).isEqualTo(exitCode);
        assertThat(train.text()).contains(message);
    }

    @Test
    void aStageAloneEndsAsTheStageDoes() {
        CommandProcess publish = start("publish");

        assertThat(publish.await()).isEqualTo(21);
        assertThat(publish.text())
                .contains("spark-lora publish: no dataset was prepared for this configuration")
                .doesNotContain("\tat ");
    }

    @Test
    void nothingIsLeftWhenTheRunIsEnded() throws Exception {
        StandInStages.run(run.context()).prepare();
        CommandProcess hanging = start("run", "train.clip=" + StandInStages.HANGS);
        String[] pids = hanging.awaitLine("hanging ").split(" ");

        hanging.terminate();

        assertThat(hanging.await()).isEqualTo(143);
        for (String pid : List.of(pids[1], pids[2])) {
            CommandProcess.assertEnded(pid);
        }
    }
}
