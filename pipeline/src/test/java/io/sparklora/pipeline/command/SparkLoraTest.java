package io.sparklora.pipeline.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparklora.pipeline.Stage;
import io.sparklora.pipeline.basemodel.TinyModels;
import io.sparklora.pipeline.registry.RunDirectory;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

final class SparkLoraTest {
    @TempDir
    private static Path home;

    private static FakeInstallation installation;

    @TempDir
    private Path directory;

    private FakeHost host;
    private RunDirectory run;
    private StringWriter out;
    private StringWriter err;

    @BeforeAll
    static void build() {
        installation = new FakeInstallation(home);
        RunDirectory.write(home.resolve("target/natives/libtorch.jar"), "");
    }

    @BeforeEach
    void configure() {
        host = new FakeHost(directory.resolve("machine"));
        run = new RunDirectory(directory);
        out = new StringWriter();
        err = new StringWriter();
    }

    private int execute(String... arguments) {
        CommandLine commands = SparkLora.commandLine(installation.installation(), host.host());
        commands.setOut(new PrintWriter(out, true));
        commands.setErr(new PrintWriter(err, true));
        return commands.execute(arguments);
    }

    private void writeInputs() {
        TinyModels.huggingFaceDirectory(directory.resolve("base"), 1);
        RunDirectory.write(directory.resolve("corpus/a.txt"), "abc");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "run",
                "prepare",
                "train",
                "evaluate",
                "publish",
                "generate",
                "merge",
                "combine",
                "check",
                "doctor",
                "result"
            })
    void everyCommandHasHelp(String command) {
        assertThat(execute(command, "--help")).isZero();
        assertThat(out.toString()).startsWith("Usage: spark-lora " + command).contains("10  the gate rejected");
        assertThat(execute("--help")).isZero();
        assertThat(out.toString()).containsPattern("\n  " + command + " +[A-Z]");
    }

    @Test
    void theVersionIsTheBuilds() {
        assertThat(execute("--version")).isZero();
        assertThat(out.toString()).matches("(?s)spark-lora [0-9]+\\.[0-9]+.*");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            run                            | spark-lora run: Missing required parameter: 'CONFIG.yaml' (see spark-lora run --help)
            rnu x.yaml                     | spark-lora: Unmatched arguments from index 0: 'rnu', 'x.yaml' (see spark-lora --help)
            train x.yaml --executors 2     | spark-lora train: Unknown options: '--executors', '2' (see spark-lora train --help)
            doctor --conf fs.s3a.secret.key=hush | spark-lora doctor: --conf must be spark.hadoop.KEY=VALUE but named fs.s3a.secret.key
            check missing.yaml             | spark-lora check: there is no configuration file missing.yaml
            result train missing.yaml      | spark-lora result: there is no configuration file missing.yaml
            result fly missing.yaml        | spark-lora result: Invalid value for positional parameter at index 0 (STAGE): expected one of [PREPARE, TRAIN, EVALUATE, PUBLISH] (case-insensitive) but was 'fly' (see spark-lora result --help)
            generate nowhere --prompt a    | spark-lora generate: there is no nowhere/manifest.json to name the base model: is it an adapter? Say --base MODEL
            generate x --prompt a --top-p 0 | spark-lora generate: --top-p must be in (0, 1] but was 0.0
            generate x --prompt a --top-k -1 | spark-lora generate: --top-k must be at least 0 but was -1
            generate x --prompt a --threads 0 | spark-lora generate: --threads must be at least 1 but was 0
            generate x --prompt a --max-tokens 0 | spark-lora generate: --max-tokens must be at least 1 but was 0
            generate x --prompt a --temperature -1 | spark-lora generate: --temperature must be at least 0 but was -1.0
            merge nowhere --output a       | spark-lora merge: there is no nowhere/manifest.json to name the base model: is it an adapter? Say --base MODEL
            merge x                        | spark-lora merge: Missing required option: '--output DIR_OR_FILE' (see spark-lora merge --help)
            merge x --output a --type q4_0 | spark-lora merge: Invalid value for option '--type': expected one of [F32, F16, BF16, Q8_0] (case-insensitive) but was 'q4_0' (see spark-lora merge --help)
            combine --output a             | spark-lora combine: Missing required parameter: 'ADAPTER:WEIGHT' (see spark-lora combine --help)
            combine a --output b           | spark-lora combine: an adapter must be given as ADAPTER:WEIGHT, as registry/a/v1:0.7, but was a
            combine nowhere:1 --output b   | spark-lora combine: there is no nowhere/manifest.json to name the base model: is it an adapter? Say --base MODEL
            generate x                     | spark-lora generate: Missing required option: '--prompt TEXT' (see spark-lora generate --help)
            """)
    void whatIsWrongIsSaidInOneLine(String command, String message) {
        assertThat(execute(command.split(" ", -1))).isEqualTo(2);
        assertThat(err.toString().strip()).isEqualTo(message);
    }

    @Test
    void everyWrongKeyIsNamedOnALineOfItsOwn() {
        assertThat(execute("run", run.config().toString(), "--set", "lora.rank=0", "--set", "train.clip=x"))
                .isEqualTo(2);
        assertThat(err.toString().strip().split("\n"))
                .containsExactly(
                        "spark-lora run: lora.rank must be in [1, 256] but was 0 (--set lora.rank=0)",
                        "train.clip must be a number but was 'x' (--set train.clip=x)");
    }

    @Test
    void printsTheCommandOfEveryStage() {
        assertThat(execute("run", "--print-commands", run.config().toString(), "--set", "train.executors=2"))
                .isZero();

        String[] lines = out.toString().strip().split("\n");
        assertThat(lines).hasSize(Stage.values().length);
        for (int i = 0; i < lines.length; i++) {
            assertThat(lines[i])
                    .contains("/bin/spark-submit --master ", "--class " + Stage.values()[i].mainClass() + " ")
                    .endsWith(run.config() + " --set train.executors=2");
        }
    }

    @Test
    void checkShowsEverythingThatARunNeeds() {
        writeInputs();

        assertThat(execute("check", run.config().toString(), "--set", "lora.targets=q_proj"))
                .as(out.toString())
                .isZero();

        assertThat(out.toString())
                .contains("lora.targets = [q_proj]", "train.batch.micro = 1", "storage.cache = ''")
                .contains("ok      base model  llama, 2 layers, hidden 32, 4 heads (2 key-value), vocabulary 300")
                // r (in + out) a layer: 8 * (32 + 32) * 2
                .contains("a rank needs 4", "MiB besides its heap", "the adapter has 1,024 parameters")
                .contains("ok      corpus      " + directory.resolve("corpus") + ": 1 files, 3 bytes")
                .contains("ok      rapids      off: spark.conf.spark.executor.resource.gpu.amount is 0, and RAPIDS ")
                .contains("ok      spark ", "ok      jars ", "ok      runs ", "ok      registry ", "ok      natives ")
                .doesNotContain("FAULT");
        assertThat(RunDirectory.files(directory)).noneMatch(file -> file.startsWith("runs"));
        assertThat(directory.resolve("runs")).doesNotExist();
    }

    @Test
    void checkNamesTheSettingThatWouldFit() {
        writeInputs();

        assertThat(memory("600m", "train.batch.micro=64"))
                .contains("WARNING memory ", "but has 600 (spark.conf.spark.executor.memoryOverhead): set")
                .contains("set train.batch.micro to 8");
        assertThat(memory("455m", "train.batch.micro=1", "prepare.sequence.length=8192"))
                .contains("set train.batch.activation-checkpointing to 1");
        assertThat(memory("406m", "train.batch.micro=64"))
                .contains("set train.batch.micro to 1 and prepare.sequence.length to 512");
        assertThat(memory("10m", "train.batch.micro=1")).contains("no smaller micro-batch would fit");
        assertThat(memory("4g", "spark.executor-memory=200m")).contains("set spark.executor-memory to 301m");
        assertThat(memory("4g", "train.batch.micro=64"))
                .contains("ok      memory      a rank needs 1,")
                .doesNotContain("WARNING");
    }

    @Test
    void checkTriesSmallerMicroBatchesOfShortSequencesToo() {
        writeInputs();

        assertThat(memory("405m", "train.batch.micro=64", "prepare.sequence.length=32"))
                .contains("set train.batch.micro to ");
    }

    @Test
    void checkLooksAtTheDriverWhereItIsTheOnlyExecutor() {
        writeInputs();
        host.memoryBytes = 4L << 30;

        assertThat(memory("1m", "spark.master=local[2]", "spark.executor-memory=100g", "spark.driver-memory=2g"))
                .doesNotContain("WARNING");
        assertThat(memory("1m", "spark.master=local[2]", "spark.executor-memory=100g", "spark.driver-memory=200m"))
                .contains("the driver's heap of 200m is too small", "set spark.driver-memory to 301m");
        assertThat(memory("1m", "spark.master=local[2]", "spark.driver-memory=3600m", "train.batch.micro=64"))
                .contains("but has 496 (its share of this machine): set train.batch.micro to ");
        assertThat(memory("1m", "spark.master=local", "spark.executor-memory=3g", "spark.driver-memory=2g"))
                .contains("but has 0 (its share of this machine): no smaller micro-batch would fit");
    }

    @Test
    void checkSaysWhatAWholeModelTakesAndRefusesOneThatCannotBeWritten() {
        writeInputs();
        String[] full = {"check", run.config().toString(), "--set", "train.finetuning-type=full"};

        execute(full);
        // 300 * 32 of the embedding, 2 * 9216 + 64 of the layers, 32 of the last norm.
        assertThat(out.toString()).contains("ok      memory ", "the adapter has 28,192 parameters");

        Path gguf = TinyModels.gguf(directory.resolve("base.gguf"), 1);
        out = new StringWriter();
        execute(Stream.concat(Stream.of(full), Stream.of("--set", "base.model=" + gguf))
                .toArray(String[]::new));
        assertThat(out.toString())
                .contains(
                        "FAULT   memory      train.finetuning-type full needs a Hugging Face directory as base.model");
    }

    private String memory(String overhead, String... settings) {
        List<String> words = new ArrayList<>(List.of("check", run.config().toString()));
        for (String setting : List.of(
                "spark.master=yarn",
                "lora.targets=q_proj",
                "train.batch.sequences=64",
                "prepare.sequence.length=2048",
                "spark.conf.spark.executor.memoryOverhead=" + overhead)) {
            words.addAll(List.of("--set", setting));
        }
        List.of(settings).forEach(setting -> words.addAll(List.of("--set", setting)));
        out = new StringWriter();
        assertThat(execute(words.toArray(String[]::new))).isZero();
        return out.toString();
    }

    @Test
    void checkEndsAsTheRunWouldAtTheFirstFault() {
        assertThat(execute("check", run.config().toString())).isEqualTo(21);
        assertThat(out.toString())
                .contains("FAULT   base model  ", "FAULT   corpus      corpus.sources.0.path matches no");

        TinyModels.huggingFaceDirectory(directory.resolve("base"), 1);
        assertThat(execute("check", run.config().toString())).isEqualTo(20);
    }

    @Test
    void checkRefusesSequencesThatAreLongerThanTheContext() {
        writeInputs();

        assertThat(execute("check", run.config().toString(), "--set", "prepare.sequence.length=8193"))
                .isEqualTo(2);

        assertThat(out.toString())
                .contains(
                        "FAULT   base model  prepare.sequence.length must be at most 8192, the base model's context, but"
                                + " was 8193");
    }

    @Test
    void checkHidesCredentials() {
        execute(
                "check",
                run.config().toString(),
                "--set",
                "spark.conf.spark.hadoop.fs.s3a.secret.key=hush",
                "--set",
                "spark.conf.spark.task.maxFailures=4");

        assertThat(out.toString())
                .contains("spark.conf.spark.hadoop.fs.s3a.secret.key = (not shown)", "maxFailures = 4")
                .doesNotContain("hush");
    }

    @Test
    void printsAStagesResult() {
        RunDirectory.write(directory.resolve("runs/legal/results/train.json"), "{\"a\": 1}\n");

        assertThat(execute("result", "train", run.config().toString())).isZero();
        assertThat(out.toString()).isEqualTo("{\"a\": 1}\n");
        assertThat(execute("result", "publish", run.config().toString())).isEqualTo(2);
        assertThat(err.toString()).contains("publish has left no result");
    }

    @Test
    void faultsOfTheCommandLineAreNoSurprise() {
        assertThat(execute()).isEqualTo(2);
        assertThat(List.of(err.toString().split("\n")).get(0))
                .isEqualTo("spark-lora: Missing required subcommand (see spark-lora --help)");
    }
}
