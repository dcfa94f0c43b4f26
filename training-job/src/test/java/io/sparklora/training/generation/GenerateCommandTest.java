package io.sparklora.training.generation;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.basemodel.TinyModels;
import io.sparklora.training.evaluation.EvaluationFixture;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Over an adapter that learned sequences of the tokens 40 to 47 alone, which are the letters F to M. */
final class GenerateCommandTest {
    @TempDir
    static Path directory;

    private static EvaluationFixture run;

    @BeforeAll
    static void trainAndPublish() throws IOException {
        run = new EvaluationFixture(directory);
        run.trained(run.descended(4, 12))
                .published(run.descended(4, 12), run.runKey(), run.plan().baseModelHash());
    }

    private record Outcome(int exitCode, String text, String errors) {}

    private Outcome generate(Path adapter, String... options) {
        List<String> args = new ArrayList<>(List.of(adapter.toString()));
        args.addAll(List.of(options));
        return command(args.toArray(String[]::new));
    }

    private Outcome command(String... args) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int exitCode = new GenerateCommand(
                        new PrintStream(out, false, StandardCharsets.UTF_8),
                        new PrintStream(err, false, StandardCharsets.UTF_8))
                .run(args);
        return new Outcome(exitCode, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    private Path version() {
        return directory.resolve("registry/tiny/v1");
    }

    private String[] options(String... more) {
        List<String> options =
                new ArrayList<>(List.of("--cache", directory.resolve("cache").toString(), "--threads", "1"));
        options.addAll(List.of(more));
        return options.toArray(String[]::new);
    }

    @Test
    void goesOnAsTheAdapterLearned() {
        Outcome outcome = generate(
                version(), options("--prompt", "FGHI", "--base", run.model().toString(), "--max-tokens", "12"));

        assertThat(outcome.errors())
                .matches("generate  prompt 4 tokens, [0-9.]+ tokens/s   text 12 tokens, [0-9.]+ tokens/s  "
                        + " \\(maximum tokens\\)\\R");
        assertThat(outcome.exitCode()).isZero();
        assertThat(outcome.text()).matches("[F-M]{12}\\R");
    }

    @Test
    void findsTheAdapterOfARunAndItsBareFilesToo() {
        Path trained = Path.of(run.context().layout().adapter(run.runKey()).toString());
        String[] options = options("--prompt", "FGHI", "--base", run.model().toString(), "--max-tokens", "8");

        Outcome ofVersion = generate(version(), options);

        assertThat(generate(trained, options).text()).isEqualTo(ofVersion.text());
        // Nothing says that the bare adapter was trained over fp32 weights: its logits differ in the last digits.
        assertThat(generate(trained.resolve("adapter"), options).text()).matches("[F-M]{8}\\R");
    }

    @Test
    void takesTheBaseModelFromTheVersion() {
        Outcome outcome = generate(version(), options("--prompt", "FGHI", "--max-tokens", "3"));

        assertThat(outcome.exitCode()).isZero();
        assertThat(outcome.text()).matches("[F-M]{3}\\R");
    }

    @Test
    void drawsTheSameTextForTheSameSeed() {
        String[] hot = options(
                "--prompt", "FGHI", "--temperature", "1.5", "--top-k", "100", "--max-tokens", "24", "--seed", "3");
        String[] other = options(
                "--prompt", "FGHI", "--temperature", "1.5", "--top-k", "100", "--max-tokens", "24", "--seed", "4");

        assertThat(generate(version(), hot).text())
                .isEqualTo(generate(version(), hot).text());
        assertThat(generate(version(), other).text())
                .isNotEqualTo(generate(version(), hot).text());
    }

    @Test
    void refusesAnotherBaseModelNamingBoth() {
        Path other = TinyModels.huggingFaceDirectory(directory.resolve("other"), 2);

        Outcome outcome = generate(version(), options("--prompt", "F", "--base", other.toString()));

        assertThat(outcome.exitCode()).isEqualTo(ExitCode.MISMATCH.code());
        assertThat(outcome.errors())
                .startsWith("spark-lora generate: the base model " + other + " has content hash ")
                .contains(run.plan().baseModelHash().hex())
                .hasLineCount(1);
        assertThat(outcome.text()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--max-tokens 0 --prompt F | --max-tokens must be at least 1 but was 0",
                "--threads 0 --prompt F | --threads must be at least 1 but was 0",
                "--temperature -1 --prompt F | temperature must be at least 0 but was -1.0",
                "--top-p 2 --prompt F | top-p must be above 0 and at most 1 but was 2.0",
                "--top-k x --prompt F | Invalid value for option '--top-k': 'x' is not an int",
                "--prompt= | --prompt must not be empty",
                "--max-tokens 3 | Missing required option: '--prompt=TEXT'",
                "--prompt F --base /no/such/model | there is no base model /no/such/model here: say --base MODEL",
            })
    void refusesBadArgumentsInOneLine(String options, String message) {
        Outcome outcome = generate(version(), options.split(" "));

        assertThat(outcome.exitCode()).isEqualTo(ExitCode.USAGE.code());
        assertThat(outcome.errors()).isEqualToNormalizingNewlines("spark-lora generate: " + message + "\n");
    }

    @Test
    void refusesAPromptThatFillsTheContext() {
        Outcome outcome = generate(version(), options("--prompt", "F ".repeat(9000)));

        assertThat(outcome.exitCode()).isEqualTo(ExitCode.USAGE.code());
        assertThat(outcome.errors()).contains("--prompt must have 1 to 8191 tokens but has ");
    }

    @Test
    void refusesADirectoryWithoutAnAdapter() {
        Outcome outcome = generate(directory, "--prompt", "F");

        assertThat(outcome.exitCode()).isEqualTo(ExitCode.MISMATCH.code());
        assertThat(outcome.errors())
                .contains("there is no adapter in " + directory + ": adapter_config.json is missing");
    }

    /** An adapter whose B is zero answers as the base does, whichever adapter was there before it. */
    @Test
    void adaptersAnswerOneAfterAnotherOverOneBase() {
        Path zero = directory.resolve("zero");
        run.descended(4, 0).write(run.context().storage(), new org.apache.hadoop.fs.Path(zero.toString()));
        Path other = directory.resolve("other-rank");
        run.descended(2, 12).write(run.context().storage(), new org.apache.hadoop.fs.Path(other.toString()));
        String[] options = options("--prompt", "FGHI", "--max-tokens", "12", "--with-base");

        Outcome outcome = command(
                Stream.concat(Stream.of(version(), zero, other, version()).map(Path::toString), Stream.of(options))
                        .toArray(String[]::new));

        assertThat(outcome.exitCode()).as(outcome.errors()).isZero();
        String alone = generate(version(), options("--prompt", "FGHI", "--max-tokens", "12"))
                .text();
        String[] answers = outcome.text().split("(?m)^--- ", -1);
        assertThat(answers).hasSize(6);
        String base = answers[1].substring("base model\n".length());
        assertThat(answers[1]).startsWith("base model\n");
        assertThat(answers[2]).isEqualTo(version() + "\n" + alone);
        assertThat(answers[3]).isEqualTo(zero + "\n" + base);
        assertThat(answers[4]).matches(other + "\n[F-M]{12}\n");
        assertThat(answers[5]).isEqualTo(version() + "\n" + alone);
        assertThat(base).isNotEqualTo(alone);
        assertThat(outcome.errors()).hasLineCount(5);
    }

    @Test
    void refusesAdaptersOfDifferentBaseModelsNamingBoth() throws IOException {
        Path other = Files.createDirectory(directory.resolve("of-another-base"));
        for (String name : List.of("adapter_config.json", "adapter_model.safetensors")) {
            Files.copy(version().resolve(name), other.resolve(name));
        }
        String hash = run.plan().baseModelHash().hex();
        String manifest = Files.readString(version().resolve("manifest.json"));
        Files.writeString(other.resolve("manifest.json"), manifest.replace(hash, "0".repeat(64)));

        Outcome outcome = command(version().toString(), other.toString(), "--prompt", "F");

        assertThat(outcome.exitCode()).isEqualTo(ExitCode.MISMATCH.code());
        assertThat(outcome.errors())
                .startsWith("spark-lora generate: adapters of different base models cannot share one: " + version()
                        + " was made for " + hash + ", " + other + " for 000")
                .hasLineCount(1);
    }

    @Test
    void printsItsArguments() {
        Outcome outcome = command("--help");

        assertThat(outcome.exitCode()).isZero();
        assertThat(outcome.text()).contains("--prompt=TEXT", "--top-k=K", "--temperature=T", "ADAPTER_DIR");
    }
}
