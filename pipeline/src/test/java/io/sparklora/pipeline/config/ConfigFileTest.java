package io.sparklora.pipeline.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.run.Storage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class ConfigFileTest {
    private static final String SMALLEST = """
            name: legal
            base: {model: m.gguf}
            corpus:
              sources:
                - {format: json, path: "c/*.json"}
            """;

    @TempDir
    private Path directory;

    private static ConfigFile parse(String text, String... overrides) {
        return ConfigFile.parse(text, "legal.yaml", List.of(overrides));
    }

    private static String refusal(String text, String... overrides) {
        try {
            parse(text, overrides);
        } catch (StageFailure e) {
            assertThat(e.exitCode()).isEqualTo(ExitCode.USAGE);
            return e.getMessage();
        }
        throw new AssertionError("was accepted: " + text + List.of(overrides));
    }

    @Test
    void theSmallestConfigurationGetsEveryDefault() {
        RunConfig config = parse(SMALLEST).config();

        assertThat(config.name()).isEqualTo("legal");
        assertThat(config.seed()).isEqualTo(17);
        assertThat(config.base())
                .isEqualTo(new BaseConfig(
                        "m.gguf", BaseConfig.Dtype.BF16, BaseConfig.Compute.AUTO, BaseConfig.Device.AUTO));
        assertThat(config.train().learningRate()).isEqualTo(1e-3);
        assertThat(config.train().batch()).isEqualTo(new TrainConfig.Batch(4, 1, 0));
        assertThat(config.lora().targets()).containsExactly("all-linear");
        assertThat(config.corpus().sources().get(0).format()).isEqualTo(SourceConfig.Format.JSON);
        assertThat(config.spark().conf()).isEmpty();
    }

    @Test
    void everyKeyCanBeWritten() {
        RunConfig config = parse(SMALLEST + """
                        lora: {rank: 4, targets: [q_proj, v_proj]}
                        train:
                          learning-rate: 1e-3
                          clip: 1
                          schedule: linear
                          tokens: 3000000000
                        spark:
                          conf: {spark.task.maxFailures: 4, spark.speculation: false, spark.app.name: x}
                        """).config();

        assertThat(config.train().learningRate()).isEqualTo(0.001);
        assertThat(config.train().clip()).isEqualTo(1.0);
        assertThat(config.train().schedule()).isEqualTo(TrainConfig.Schedule.LINEAR);
        assertThat(config.train().tokens()).isEqualTo(3_000_000_000L);
        assertThat(config.lora().targets()).containsExactly("q_proj", "v_proj");
        assertThat(config.spark().conf())
                .containsEntry("spark.task.maxFailures", "4")
                .containsEntry("spark.speculation", "false");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            train: {batch: {micro: 0}}              | train.batch.micro must be in [1, 1024] but was 0 (legal.yaml, line 6)
            train: {batch: {micro: "8"}}            | train.batch.micro must be an integer but was '8' (legal.yaml, line 6)
            train: {batch: {micro: 8.0}}            | train.batch.micro must be an integer but was 8.0 (legal.yaml, line 6)
            train: {batch: {micro: }}               | train.batch.micro must be an integer but was empty (legal.yaml, line 6)
            train: {batch: {micro: [1]}}            | train.batch.micro must be an integer but was a list (legal.yaml, line 6)
            train: {batch: 4}                       | train.batch must be a mapping but was 4 (legal.yaml, line 6)
            train: {batch: {sequences: 4, micro: 3}} | train.batch sequences 4 must be a multiple of micro 3 (legal.yaml, line 6)
            train: {tokens: 0}                      | train.tokens must be at least 1 but was 0 (legal.yaml, line 6)
            train: {tokens: 99999999999999999999}   | train.tokens must be in [1, 9223372036854775807] but was 99999999999999999999 (legal.yaml, line 6)
            train: {executors: 1_0}                 | train.executors must be an integer but was '1_0' (legal.yaml, line 6)
            train: {clip: -1}                       | train.clip must be at least 0 but was -1 (legal.yaml, line 6)
            train: {clip: .nan}                     | train.clip must be a finite number but was .nan (legal.yaml, line 6)
            train: {clip: -.inf}                    | train.clip must be a finite number but was -.inf (legal.yaml, line 6)
            train: {clip: 1e999}                    | train.clip must be at least 0 but was 1e999 (legal.yaml, line 6)
            train: {clip: true}                     | train.clip must be a number but was true (legal.yaml, line 6)
            train: {schedule: cosin}                | train.schedule must be one of cosine, linear, constant, wsd but was 'cosin' (legal.yaml, line 6)
            train: {ports: {ring: 65500}}           | train.ports must end by 65535 but range 64 from 65500 on ends at 65563 (legal.yaml, line 6)
            train: {ports: {driver: 70000}}         | train.ports.driver must be in [0, 65535] but was 70000 (legal.yaml, line 6)
            train: {ports: {range: 0}}              | train.ports.range must be in [1, 16384] but was 0 (legal.yaml, line 6)
            train: {executor-wait: {first: 0}}      | train.executor-wait.first must be in [1, 86400] but was 0 (legal.yaml, line 6)
            train: {finetuning-type: freeze}        | train.finetuning-type must be one of lora, full but was 'freeze' (legal.yaml, line 6)
            train: {schedule: COSINE}               | train.schedule must be one of cosine, linear, constant, wsd but was 'COSINE' (legal.yaml, line 6)
            train: {learning_rate: 1}               | train.learning_rate is no key; did you mean train.learning-rate? (legal.yaml, line 6)
            learning-rate: 1                        | learning-rate is no key; did you mean train.learning-rate? (legal.yaml, line 6)
            lora: {wheels: 4}                       | lora.wheels is no key; allowed are kind, rank, alpha, scaling, targets, layers, rank-pattern, alpha-pattern, dropout, b-learning-rate-ratio, modules-to-save, from (legal.yaml, line 6)
            lora: {rank: 8, rank: 9}                | lora.rank is given twice, first in legal.yaml, line 6 (legal.yaml, line 6)
            lora: {dropout: 1}                      | lora.dropout must be in [0, 0.99] but was 1 (legal.yaml, line 6)
            lora: {b-learning-rate-ratio: 0}        | lora.b-learning-rate-ratio must be in [0.01, 1000] but was 0 (legal.yaml, line 6)
            train: {schedule: wsd, warmup: 0.5, decay: 0.6} | train warmup + decay must be at most 1 for schedule wsd but are 0.5 + 0.6 (legal.yaml, line 6)
            lora: {kind: dora, dropout: 0.1}        | lora dropout must be 0 where kind is dora, whose frozen products dropout would double, but was 0.1 (legal.yaml, line 6)
            lora: {layers: 5-3}                     | lora layers must have ranges that ascend but has 5-3 (legal.yaml, line 6)
            lora: {layers: 3}                       | lora.layers must be text (quote it: '3') but was 3 (legal.yaml, line 6)
            lora: {targets: '.*', layers: 0-3}      | lora layers must be all where targets has an expression, which can say itself what blocks it means, but was 0-3 (legal.yaml, line 6)
            lora: {targets: '(?=a)b'}               | lora '(?=a)b' is no expression that RE2 understands: invalid or unsupported Perl syntax (legal.yaml, line 6)
            lora: {rank-pattern: {q_proj: 0}}       | lora.rank-pattern.q_proj must be in [1, 256] but was 0 (legal.yaml, line 6)
            lora: {rank-pattern: {q_proj: '4'}}     | lora.rank-pattern.q_proj must be an integer but was '4' (legal.yaml, line 6)
            lora: {alpha-pattern: 4}                | lora.alpha-pattern must be a mapping but was 4 (legal.yaml, line 6)
            lora: {targets: {a: b}}                 | lora.targets must be a list but was a mapping (legal.yaml, line 6)
            lora: {targets: [8]}                    | lora.targets.0 must be text (quote it: '8') but was 8 (legal.yaml, line 6)
            storage: {runs: }                       | storage.runs must be text ('' where it may be empty) but was empty (legal.yaml, line 6)
            prepare: {samples: {unusable: 2}}       | prepare.samples.unusable must be in [0, 1] but was 2 (legal.yaml, line 6)
            prepare: {statistics: {samples: 101}}   | prepare.statistics.samples must be in [0, 100] but was 101 (legal.yaml, line 6)
            publish: {alias: Prod}                  | publish.alias must match [a-z][a-z0-9-]{0,62} but was 'Prod' (legal.yaml, line 6)
            spark: {conf: {spark.x: [1]}}           | spark.conf.spark.x must be one value but was a list (legal.yaml, line 6)
            spark: {conf: 8}                        | spark.conf must be a mapping but was 8 (legal.yaml, line 6)
            prepare: {deduplicate: fuzzy}           | prepare.deduplicate must be one of exact, near, none but was 'fuzzy' (legal.yaml, line 6)
            prepare: {near-duplicates: {similarity: 2}} | prepare.near-duplicates.similarity must be in [0, 1] but was 2 (legal.yaml, line 6)
            prepare: {split: {test-from: soon}}     | prepare.split test-from must be a date such as 2025-01-31 or an instant such as 2025-01-31T12:00:00Z but was 'soon' (legal.yaml, line 6)
            prepare: {split: {validation-from: 2025-01-31, test-from: 2025-01-30}} | prepare.split test-from 2025-01-30 must not be before validation-from 2025-01-31 (legal.yaml, line 6)
            lora: {modules-to-save: [lm_head, lm_head]} | lora modules-to-save must name each module once, but was lm_head, lm_head (legal.yaml, line 6)
            lora: {modules-to-save: [embed_tokens, lm_head]} | the configuration needs publish.profile peft for lora.modules-to-save embed_tokens, lm_head: llama.cpp and vLLM take no adapter with an embedding or head of its own (legal.yaml, line 1)
            lora: {kind: dora}                      | the configuration needs publish.profile peft for lora.kind dora: servers pass over its magnitudes or refuse them (legal.yaml, line 1)
            prepare: {split: {validation-from: 2025-01-31}} | the configuration needs corpus.sources.0.timestamp for prepare.split.validation-from and test-from (legal.yaml, line 1)
            prepare: {decontaminate: {evaluation-sets: [{format: csv}]}} | prepare.decontaminate.evaluation-sets.0 needs `path` and no `table` for a format of files (legal.yaml, line 6)
            name: other                             | name is given twice, first in legal.yaml, line 1 (legal.yaml, line 6)
            """)
    void refusesAWrongKeyWithItsPathValueAndPlace(String line, String message) {
        assertThat(refusal(SMALLEST + line)).isEqualTo(message);
    }

    @Test
    void refusesBranchesWhereEveryWeightIsTrained() {
        String full = SMALLEST + "train: {finetuning-type: full}\n";

        assertThat(parse(full + "lora: {rank: 8, dropout: 0.0}\n")
                        .config()
                        .lora()
                        .rank())
                .isEqualTo(8);
        assertThat(refusal(full + "lora: {rank: 4, kind: lora, dropout: 0.1, from: registry/x/v1}\n"))
                .isEqualTo(
                        "the configuration needs train.finetuning-type lora for lora.rank, lora.dropout, lora.from: full"
                                + " trains every weight and has no branches (legal.yaml, line 1)");
    }

    @Test
    void reportsEverythingThatIsWrongAtOnce() {
        assertThat(refusal("""
                name: 8
                corpus: {sources: [{format: table, path: x}, {format: csv}]}
                lora: {rank: 0, alfa: 1}
                """).split("\n"))
                .containsExactly(
                        "name must be text (quote it: '8') but was 8 (legal.yaml, line 1)",
                        "base is missing (legal.yaml, line 1)",
                        "corpus.sources.0 needs `table` and no `path` for format table (legal.yaml, line 2)",
                        "corpus.sources.1 needs `path` and no `table` for a format of files (legal.yaml, line 2)",
                        "lora.alfa is no key; did you mean lora.alpha? (legal.yaml, line 3)",
                        "lora.rank must be in [1, 256] but was 0 (legal.yaml, line 3)");
    }

    @Test
    void refusesProductsOfLessPrecisionThanTheWeights() {
        assertThat(refusal(SMALLEST, "base.dtype=fp32", "base.compute=bf16"))
                .startsWith("base compute must be auto or fp32 where dtype is fp32 but was bf16");
    }

    @Test
    void refusesASourceWithoutTheColumnsOfItsKind() {
        assertThat(refusal("""
                name: legal
                base: {model: m.gguf}
                corpus:
                  sources:
                    - {format: text, path: a, kind: chat}
                    - {format: csv, path: b, kind: instruction, prompt: []}
                    - {format: csv, path: c, kind: chats}
                """).split("\n"))
                .containsExactly(
                        "corpus.sources.0 needs columns for kind chat: format text has none (legal.yaml, line 5)",
                        "corpus.sources.1 needs names of columns in `prompt`, `completion` and `messages`,"
                                + " none of them empty (legal.yaml, line 6)",
                        "corpus.sources.2.kind must be one of text, instruction, chat but was 'chats'"
                                + " (legal.yaml, line 7)");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            a: [            | no valid YAML
            a: *b           | anchors (&) and aliases (*) are not supported
            a: &b c         | anchors (&) and aliases (*) are not supported
            a: !!str 8      | tags (!) are not supported
            a: !x {}        | tags (!) are not supported
            ? [a]           | a key must be plain text
            - a             | the configuration must be a mapping but was a list
            just text       | the configuration must be a mapping but was 'just text'
            """)
    void refusesWhatIsNoMappingOfPlainValues(String text, String message) {
        assertThat(refusal(text)).startsWith(message).endsWith("(legal.yaml, line 1)");
    }

    @Test
    void refusesDeepNestingAndASecondDocument() {
        assertThat(refusal("a: " + "[".repeat(100_000))).startsWith("nested deeper than 32");
        assertThat(refusal(SMALLEST + "---\n" + SMALLEST)).startsWith("a second YAML document starts");
    }

    @Test
    void anEmptyFileMissesItsRequiredKeys() {
        assertThat(refusal("# nothing\n").split("\n"))
                .containsExactly(
                        "name is missing (legal.yaml)",
                        "base is missing (legal.yaml)",
                        "corpus is missing (legal.yaml)");
    }

    @Test
    void overridesReplaceAndAddKeysTheLaterWinning() {
        RunConfig config = parse(
                        SMALLEST,
                        "train.tokens=5",
                        "train.tokens=6",
                        "corpus.sources.0.path=d=e.json",
                        "corpus.sources.1={format: csv, path: x.csv}",
                        "corpus.sources.1.id=key",
                        "spark.conf.spark.executor.memoryOverhead=1g",
                        "spark.conf.spark.executor.extraJavaOptions=-Da=[b: c] #d",
                        "lora={rank: 2}",
                        "lora.alpha=4",
                        "lora.targets.0=q_proj",
                        "lora.rank-pattern.mlp.down_proj=3",
                        "storage.cache=''")
                .config();

        assertThat(config.train().tokens()).isEqualTo(6);
        assertThat(config.corpus().sources()).extracting(SourceConfig::path).containsExactly("d=e.json", "x.csv");
        assertThat(config.corpus().sources().get(1).id()).containsExactly("key");
        assertThat(config.spark().conf()).containsEntry("spark.executor.memoryOverhead", "1g");
        assertThat(config.spark().conf()).containsEntry("spark.executor.extraJavaOptions", "-Da=[b: c] #d");
        assertThat(config.lora())
                .isEqualTo(new LoraConfig(
                        LoraConfig.Kind.LORA,
                        2,
                        4,
                        LoraConfig.Scaling.STANDARD,
                        List.of("q_proj"),
                        "all",
                        Map.of("mlp.down_proj", 3),
                        Map.of(),
                        0,
                        1,
                        List.of(),
                        ""));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            train.clip=x            | train.clip must be a number but was 'x' (--set train.clip=x)
            train.clip=             | train.clip must be a number but was empty (--set train.clip=)
            trian.clip=1            | trian is no key; did you mean train? (--set trian.clip=1)
            clip                    | --set clip must be KEY=VALUE, such as train.tokens=100000
            name.x=1                | --set name.x=1 can't be applied: the value above 'x' is 'legal', no mapping
            corpus.sources.2.path=x | --set corpus.sources.2.path=x can't be applied: '2' must be an index in [0, 1], the last one adding an item
            corpus.sources.x.path=x | --set corpus.sources.x.path=x can't be applied: 'x' must be an index in [0, 1], the last one adding an item
            base.model=[            | no valid YAML
            base.model=*gguf        | anchors (&) and aliases (*) are not supported
            """)
    void aWrongOverrideNamesItself(String override, String message) {
        assertThat(refusal(SMALLEST, override)).startsWith(message).contains("--set " + override);
    }

    @Test
    void aModelLiesOnTheHostsThemselves() {
        assertThat(parse(SMALLEST, "base.model=file:/models/a b.gguf")
                        .config()
                        .base()
                        .path())
                .isEqualTo(Path.of("/models/a b.gguf"));
        assertThat(parse(SMALLEST, "base.model=file:///models/a")
                        .config()
                        .base()
                        .path())
                .isEqualTo(Path.of("/models/a"));
        assertThat(parse(SMALLEST, "base.model=models/llama:8b").config().base().path())
                .isEqualTo(Path.of("models/llama:8b"));
        for (String elsewhere : List.of("hdfs://nn/models/a", "s3a://bucket/a.gguf", "hdfs:/a")) {
            assertThat(refusal(SMALLEST, "base.model=" + elsewhere))
                    .isEqualTo("base model must be a path or a file: URI of every host's own but was '" + elsewhere
                            + "': put it at one path on all of them (docs/clusters.md says how) (legal.yaml, line 2)");
        }
    }

    @Test
    void theCanonicalFormHoldsDefaultsInOrderAndLeavesOutWhatCannotChangeTheBytes() {
        ConfigFile file = parse(SMALLEST, "train.executors=3", "train.checkpoint.steps=2");

        assertThat(file.canonical(List.of("train", "seed", "base.dtype")))
                .isEqualTo("{\"base.dtype\":\"bf16\",\"seed\":17,\"train\":{\"batch\":{\"micro\":1,\"sequences\":4},"
                        + "\"clip\":1.0,\"decay\":0.1,\"finetuning-type\":\"lora\",\"learning-rate\":0.001,\"order\":\"shuffled\",\"schedule\":\"cosine\",\"threads\":1,"
                        + "\"tokens\":250000,\"validation\":{\"keep\":\"lowest\",\"patience\":0,\"sequences\":64,\"steps\":0},"
                        + "\"warmup\":0.06,\"weight-decay\":0.0}}");
        assertThat(file.canonical(List.of("evaluate.gate")))
                .isEqualTo("{\"evaluate.gate\":{\"against\":\"champion\",\"min-improvement\":0.0}}");
    }

    @Test
    void theCanonicalFormDoesNotDependOnSpellingOrOrder() {
        List<String> all = List.of("seed", "base", "corpus", "prepare", "lora", "train");
        ConfigFile spelled = parse("""
                corpus: {bad-rows: 1e-2, sources: [{path: "c/*.json", format: json, text: text}]}
                base: {compute: auto, device: auto, dtype: bf16, model: "m.gguf"}
                name: 'legal'
                seed: 0x11
                train: {clip: 1, warmup: 6.0e-2, weight-decay: -0.0}
                lora: {targets: [all-linear]}
                """);

        assertThat(spelled.canonical(all)).isEqualTo(parse(SMALLEST).canonical(all));
    }

    @Test
    void theResolvedFormHoldsNoSparkSettings() {
        assertThat(parse(SMALLEST, "spark.conf.fs.s3a.secret.key=hush").resolved())
                .contains("\"model\":\"m.gguf\"", "\"executors\":1", "\"alias\":\"champion\"")
                .doesNotContain("hush");
    }

    @Test
    void readsAFileOfTheWorkingDirectoryOrOfAnyFileSystem() throws IOException {
        Path file = Files.writeString(directory.resolve("a b.yaml"), "\uFEFF" + SMALLEST);
        Storage storage = new Storage(new Configuration());

        assertThat(ConfigFile.load(storage, file.toString(), List.of()).config())
                .isEqualTo(ConfigFile.load(storage, "file:" + file, List.of()).config());
    }

    @ParameterizedTest
    @ValueSource(strings = {"missing.yaml", "", "::", "nowhere://a/b.yaml", "."})
    void refusesAFileThatIsNotThere(String location) {
        Storage storage = new Storage(new Configuration());

        assertThatThrownBy(() -> ConfigFile.load(storage, location, List.of()))
                .asInstanceOf(InstanceOfAssertFactories.type(StageFailure.class))
                .returns(ExitCode.USAGE, StageFailure::exitCode)
                .extracting(StageFailure::getMessage, InstanceOfAssertFactories.STRING)
                .doesNotContain("\n");
    }

    @Test
    void refusesBytesThatAreNoText() throws IOException {
        Path file = Files.write(directory.resolve("latin.yaml"), "name: é".getBytes(StandardCharsets.ISO_8859_1));
        Storage storage = new Storage(new Configuration());

        assertThatThrownBy(() -> ConfigFile.load(storage, file.toString(), List.of()))
                .isInstanceOf(StageFailure.class)
                .hasMessage("the configuration is not UTF-8 (" + file + ")");
    }
}
