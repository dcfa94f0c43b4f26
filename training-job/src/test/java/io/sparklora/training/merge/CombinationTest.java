package io.sparklora.training.merge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.adapter.AdapterShape;
import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.pipeline.basemodel.SafetensorsFile;
import io.sparklora.pipeline.basemodel.SafetensorsTensor;
import io.sparklora.pipeline.basemodel.TinyModels;
import io.sparklora.pipeline.config.LoraConfig.Kind;
import io.sparklora.training.lora.LoraLayout;
import io.sparklora.training.lora.PeftAdapter;
import io.sparklora.training.lora.PeftConfig;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Against PEFT's add_weighted_adapter on the same adapters, written by interop/merge_goldens.py. */
final class CombinationTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private Path directory;

    @TempDir
    private static Path base;

    private record Outcome(int exitCode, String errors) {}

    /** The golden model has no tokenizer, which a base model needs. */
    @BeforeAll
    static void completeBase() throws IOException {
        TinyModels.tokenizer(base);
        for (String name : List.of("config.json", "model.safetensors")) {
            Files.copy(golden("base").resolve(name), base.resolve(name));
        }
    }

    private static Outcome combine(List<String> arguments) {
        List<String> args = new ArrayList<>(arguments);
        args.addAll(List.of("--base", base.toString()));
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int exitCode = new CombineCommand(
                        new PrintStream(new ByteArrayOutputStream(), false, StandardCharsets.UTF_8),
                        new PrintStream(err, false, StandardCharsets.UTF_8))
                .run(args.toArray(String[]::new));
        return new Outcome(exitCode, err.toString(StandardCharsets.UTF_8));
    }

    private static Path golden(String name) {
        try {
            return Path.of(Objects.requireNonNull(CombinationTest.class.getResource(name))
                    .toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    static Stream<String> combinations() throws IOException {
        List<String> names = new ArrayList<>();
        JSON.readTree(golden("combined.json").toFile()).fieldNames().forEachRemaining(names::add);
        return names.stream();
    }

    @ParameterizedTest
    @MethodSource("combinations")
    void combinesAsPeftDoes(String name) throws IOException {
        JsonNode expected = JSON.readTree(golden("combined.json").toFile()).get(name);
        Path output = directory.resolve("combined");
        List<String> args = new ArrayList<>();
        expected.get("weights")
                .properties()
                .forEach(weight -> args.add(golden(weight.getKey()) + ":" + weight.getValue()));
        args.addAll(List.of(
                "--output",
                output.toString(),
                "--method",
                expected.get("method").textValue()));
        if (!expected.get("svd_rank").isNull()) {
            args.addAll(List.of("--rank", expected.get("svd_rank").toString()));
        }

        Outcome outcome = combine(args);

        assertThat(outcome.errors())
                .startsWith("combined  " + expected.get("weights").size() + " adapters into one");
        assertThat(outcome.exitCode()).isZero();
        checkConfig(output, expected);
        checkTensors(output, name, expected.get("method").textValue().equals("svd"));
    }

    private static void checkConfig(Path output, JsonNode expected) throws IOException {
        Path file = output.resolve(PeftConfig.FILE);
        PeftConfig config = PeftConfig.parse(Files.readAllBytes(file), new org.apache.hadoop.fs.Path(file.toString()));
        assertThat(config.shape().rank()).isEqualTo(expected.get("r").intValue());
        assertThat(config.shape().alpha()).isEqualTo(expected.get("alpha").intValue());
        List<String> targets = new ArrayList<>();
        expected.get("target_modules").forEach(target -> targets.add(target.textValue()));
        assertThat(config.shape().targets()).isEqualTo(targets);
    }

    /** Singular vectors are known but for their signs, so that of svd the products are compared. */
    private static void checkTensors(Path output, String name, boolean products) throws IOException {
        try (SafetensorsFile peft = SafetensorsFile.open(golden("combined.safetensors"));
                SafetensorsFile ours = SafetensorsFile.open(output.resolve("adapter_model.safetensors"))) {
            TreeSet<String> keys = new TreeSet<>();
            for (SafetensorsTensor tensor : ours.tensors()) {
                keys.add(tensor.name());
                SafetensorsTensor reference = peft.tensor(name + "/" + tensor.name());
                assertThat(tensor.shape()).as(tensor.name()).isEqualTo(reference.shape());
                if (!products) {
                    assertClose(tensor.name(), ours.floats(tensor.name()), peft.floats(reference.name()), 1e-6);
                } else if (tensor.name().endsWith("lora_B.weight")) {
                    String a = tensor.name().replace("lora_B", "lora_A");
                    assertClose(
                            tensor.name(),
                            product(ours, a, tensor.name()),
                            product(peft, name + "/" + a, reference.name()),
                            2e-5);
                }
            }
            assertThat(peft.tensors().stream()
                            .map(SafetensorsTensor::name)
                            .filter(key -> key.startsWith(name + "/"))
                            .map(key -> key.substring(name.length() + 1)))
                    .containsExactlyInAnyOrderElementsOf(keys);
        }
    }

    private static void assertClose(String name, float[] ours, float[] peft, double tolerance) {
        assertThat(ours).hasSameSizeAs(peft);
        for (int i = 0; i < ours.length; i++) {
            assertThat((double) ours[i])
                    .as("%s %d", name, i)
                    .isCloseTo(peft[i], offset(tolerance * (1 + Math.abs(peft[i]))));
        }
    }

    private static float[] product(SafetensorsFile file, String nameA, String nameB) {
        int rank = (int) (long) file.tensor(nameA).shape().get(0);
        int inputs = (int) (long) file.tensor(nameA).shape().get(1);
        float[] a = file.floats(nameA);
        float[] b = file.floats(nameB);
        float[] product = new float[b.length / rank * inputs];
        for (int i = 0; i < product.length; i++) {
            double sum = 0;
            for (int k = 0; k < rank; k++) {
                sum += (double) b[i / inputs * rank + k] * a[k * inputs + i % inputs];
            }
            product[i] = (float) sum;
        }
        return product;
    }

    /** Rows of A are of length one and B holds the singular values, falling. */
    @Test
    void ordersTheSingularValues() {
        Path output = directory.resolve("combined");
        assertThat(combine(List.of(
                                golden("red") + ":1",
                                golden("green") + ":1",
                                "--method",
                                "svd",
                                "--output",
                                output.toString()))
                        .exitCode())
                .isZero();

        try (SafetensorsFile file = SafetensorsFile.open(output.resolve("adapter_model.safetensors"))) {
            String key = "base_model.model.model.layers.0.self_attn.v_proj.lora_A.weight";
            float[] a = file.floats(key);
            float[] b = file.floats(key.replace("lora_A", "lora_B"));
            double before = Double.POSITIVE_INFINITY;
            for (int k = 0; k < 3; k++) {
                double length = 0;
                for (int i = 0; i < 16; i++) {
                    length += (double) a[k * 16 + i] * a[k * 16 + i];
                }
                double singular = 0;
                for (int row = 0; row < 8; row++) {
                    singular += (double) b[row * 3 + k] * b[row * 3 + k];
                }
                assertThat(length).isCloseTo(1, offset(1e-6));
                assertThat(singular).isPositive().isLessThan(before);
                before = singular;
            }
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "red:1 blue:1 --method linear | --method linear needs adapters of one rank but they have [3, 5]: use cat or svd",
                "red:1 green:1 --method cat --rank 3 | --rank is for --method svd: the rank of linear and cat follows",
                "red:1 green:1 --method svd --rank 17 | the combined adapter cannot be: LoRA rank must be in [1, 16] but was 17",
                "red:1 green:1 --method svd --rank 0 | --rank: r and lora_alpha must be at least 1 but are 0, 0",
                "blue:1 blue:1 blue:1 blue:1 | the combined adapter cannot be: LoRA rank must be in [1, 16] but was 20",
                "red green:1 | an adapter must be given as ADAPTER_DIR:WEIGHT, as registry/a/v1:0.7, but was ",
                "red:NaN | an adapter must be given as ADAPTER_DIR:WEIGHT, as registry/a/v1:0.7, but was ",
                "red:1 --method ties | Invalid value for option '--method'",
                "red:1 .:1 | there is no adapter in ",
            })
    void refusesInOneLineAndLeavesNothing(String line, String message) {
        List<String> args = new ArrayList<>();
        for (String word : line.split(" ")) {
            args.add(
                    word.matches("(red|green|blue|\\.).*")
                            ? golden(".").resolve(word).toString()
                            : word);
        }
        args.addAll(List.of("--output", directory.resolve("combined").toString()));

        Outcome outcome = combine(args);

        assertThat(outcome.exitCode()).isIn(2, 21);
        assertThat(outcome.errors())
                .startsWith("spark-lora combine: " + message)
                .hasLineCount(1);
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void refusesMagnitudes() {
        try (BaseModel model = BaseModel.open(base)) {
            PeftConfig config = new PeftConfig(
                    "base", AdapterShape.plain(3, 5, List.of("q_proj")).as(Kind.DORA));
            LoraLayout layout = config.layout(model.shape());
            PeftAdapter adapter = new PeftAdapter(config, layout, new float[layout.parameterCount()]);
            WeightedSum sum = new WeightedSum(Combination.CAT, OptionalInt.empty());

            assertThatThrownBy(() -> sum.of(List.of(adapter), List.of(1.0), model.shape()))
                    .hasMessage(
                            "adapters with use_dora can't be combined: model.layers.0.self_attn.q_proj has a magnitude,"
                                    + " which is no product of two matrices")
                    .extracting(e -> ((StageFailure) e).exitCode())
                    .isEqualTo(ExitCode.USAGE);
        }
    }
}
