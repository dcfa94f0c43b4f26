package io.sparklora.pipeline.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.Stage;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.basemodel.InvalidBaseModelException;
import io.sparklora.pipeline.registry.RunDirectory;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

final class StageMainTest {
    @TempDir
    private Path directory;

    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private final PrintStream stderr = System.err;
    private RunDirectory run;

    @BeforeEach
    void redirect() {
        run = new RunDirectory(directory);
        // What a logger says once at its first use is not the stage's.
        StageMain.storage();
        System.setErr(new PrintStream(err, true, StandardCharsets.UTF_8));
    }

    @AfterEach
    void restore() {
        System.setErr(stderr);
    }

    private int execute(StageMain.Body body, String... options) {
        String[] args = new String[options.length + 1];
        args[0] = run.config().toString();
        System.arraycopy(options, 0, args, 1, options.length);
        return StageMain.execute(Stage.TRAIN, args, body);
    }

    private StageResult reported() {
        var file = run.context().layout().result(Stage.TRAIN);
        return Json.parse(StageResult.class, StageMain.storage().read(file), file);
    }

    private static StageResult done() {
        return new StageResult(
                Stage.TRAIN,
                StageResult.Status.DONE,
                0,
                Optional.empty(),
                "",
                new StageResult.Summary("trained", "60 steps", "loss 2.90 -> 2.32"),
                Map.of("tokens_per_second", 402.5),
                Map.of("adapter", "runs/legal/adapters/x"),
                306.25);
    }

    @Test
    void reportsWhatTheStageReturned() {
        assertThat(execute(context -> done())).isZero();

        assertThat(reported()).isEqualTo(done());
        assertThat(err.toString(StandardCharsets.UTF_8)).isEmpty();
    }

    @Test
    void handsTheCheckedConfigurationOver() {
        int exitCode = execute(
                context -> {
                    assertThat(context.config().train().tokens()).isEqualTo(5);
                    assertThat(context.layout().root())
                            .isEqualTo(new org.apache.hadoop.fs.Path(directory + "/runs/legal"));
                    return done();
                },
                "--set",
                "train.tokens=4",
                "--set",
                "train.tokens=5");

        assertThat(exitCode).isZero();
    }

    @ParameterizedTest
    @EnumSource(value = ExitCode.class, names = "DONE", mode = EnumSource.Mode.EXCLUDE)
    void aFailureIsOneLineAResultAndAnExitStatus(ExitCode code) {
        int exitCode = execute(context -> {
            throw new StageFailure(code, "what was wrong (where)");
        });

        assertThat(exitCode).isEqualTo(code.code());
        assertThat(err.toString(StandardCharsets.UTF_8))
                .isEqualToIgnoringNewLines("spark-lora train: what was wrong (where)");
        StageResult result = reported();
        assertThat(result.exitCode()).isEqualTo(code.code());
        assertThat(result.errorKind()).contains(code.kind());
        assertThat(result.message()).isEqualTo("what was wrong (where)");
        assertThat(result.status())
                .isEqualTo(
                        switch (code) {
                            case GATE_REJECTED -> StageResult.Status.REJECTED;
                            case NO_NEW_DATA -> StageResult.Status.NO_NEW_DATA;
                            default -> StageResult.Status.FAILED;
                        });
    }

    @Test
    void anInvalidModelIsAMismatchAndASurpriseIsOurs() {
        assertThat(execute(context -> {
                    throw new InvalidBaseModelException("m.gguf: truncated");
                }))
                .isEqualTo(21);
        assertThat(execute(context -> {
                    throw new IllegalStateException("surprise");
                }))
                .isEqualTo(1);
        assertThat(reported().errorKind()).contains("internal");
    }

    @Test
    void aWrongConfigurationEndsBeforeTheStage() {
        int exitCode = execute(
                context -> {
                    throw new AssertionError("the stage ran");
                },
                "--set",
                "train.clip=x");

        assertThat(exitCode).isEqualTo(2);
        assertThat(err.toString(StandardCharsets.UTF_8))
                .isEqualToIgnoringNewLines(
                        "spark-lora train: train.clip must be a number but was 'x' (--set train.clip=x)");
        assertThat(StageMain.execute(Stage.TRAIN, new String[] {}, context -> done()))
                .isEqualTo(2);
        assertThat(StageMain.execute(Stage.TRAIN, new String[] {"a", "--wrong"}, context -> done()))
                .isEqualTo(2);
        assertThat(directory.resolve("runs")).doesNotExist();
    }

    /** A stage in a process of its own; says when it comes back to its main. */
    static final class OwnProcess {
        private OwnProcess() {}

        public static void main(String[] args) {
            StageMain.run(Stage.TRAIN, args, context -> {
                if (context.config().seed() == 1) {
                    throw new StageFailure(ExitCode.DIVERGED, "the loss is NaN in step 3");
                }
                return done();
            });
            System.out.println("returned");
            // As YARN's application master does, which reports success before.
            System.exit(77);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "yarn,         cluster, 2, 77, returned",
        "yarn,         client,  2, 0,  ''",
        "spark://m:1,  cluster, 2, 0,  ''",
        "k8s://m:1,    client,  2, 0,  ''",
        "yarn,         cluster, 1, 30, spark-lora train: the loss is NaN in step 3",
    })
    void onlyAnApplicationMasterIsReturnedToAndOnlyWhenAllWentWell(
            String master, String deployMode, int seed, int exitCode, String output) throws Exception {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                        "-Dspark.master=" + master,
                        "-Dspark.submit.deployMode=" + deployMode,
                        OwnProcess.class.getName(),
                        run.config().toString(),
                        "--set",
                        "seed=" + seed)
                .redirectErrorStream(true)
                .start();
        List<String> lines = process.inputReader().lines().toList();

        assertThat(process.waitFor()).as(String.join("\n", lines)).isEqualTo(exitCode);
        assertThat(String.join("\n", lines)).endsWith(output);
        assertThat(lines.contains("returned")).isEqualTo(exitCode == 77);
        assertThat(reported().exitCode()).isEqualTo(seed == 1 ? 30 : 0);
    }
}
