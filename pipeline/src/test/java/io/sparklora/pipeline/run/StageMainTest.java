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
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
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
}
