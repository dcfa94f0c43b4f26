package io.sparklora.training.merge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.adapter.AdapterShape;
import io.sparklora.pipeline.adapter.LoraModules;
import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.pipeline.basemodel.ElementType;
import io.sparklora.pipeline.basemodel.TinyModels;
import io.sparklora.pipeline.config.LoraConfig.Kind;
import io.sparklora.pipeline.run.Storage;
import io.sparklora.training.lora.LoraLayout;
import io.sparklora.training.lora.LoraMatrix;
import io.sparklora.training.lora.PeftAdapter;
import io.sparklora.training.lora.PeftConfig;
import io.sparklora.training.model.Branches;
import io.sparklora.training.model.HostModel;
import io.sparklora.training.model.MicroBatch;
import io.sparklora.training.model.SharedBase;
import io.sparklora.training.model.TaskGpu;
import io.sparklora.training.model.TorchScriptProgram;
import io.sparklora.training.model.WeightType;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever a family's files call, fuse or turn: the merged model computes what base and adapter compute together. */
final class MergedFamilyTest {
    private static final int LENGTH = 24;

    @TempDir
    private Path directory;

    private static Path models(String kind) {
        try {
            return Path.of(Objects.requireNonNull(TorchScriptProgram.class.getResource(kind))
                    .toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    static List<String> families() throws IOException {
        return names(models("families"), "");
    }

    static List<String> files() throws IOException {
        return names(models("gguf"), ".gguf");
    }

    private static List<String> names(Path models, String suffix) throws IOException {
        try (Stream<Path> all = Files.list(models)) {
            return all.map(model -> model.getFileName().toString())
                    .filter(name -> name.endsWith(suffix))
                    .sorted()
                    .toList();
        }
    }

    @ParameterizedTest
    @MethodSource("families")
    void mergesEveryFamilysDirectory(String family) throws IOException {
        check(family(family), directory.resolve("merged"), Kind.LORA, ElementType.F32);
    }

    private Path family(String family) throws IOException {
        Path model = TinyModels.tokenizer(directory.resolve("model"));
        for (String file : List.of("config.json", "model.safetensors")) {
            Files.copy(models("families").resolve(family).resolve(file), model.resolve(file));
        }
        return model;
    }

    /** Whatever a file's tensors hold several weights of. */
    @ParameterizedTest
    @MethodSource("files")
    void mergesEveryFamilysGgufFile(String file) {
        check(models("gguf").resolve(file), directory.resolve("merged.gguf"), Kind.LORA, ElementType.F32);
    }

    @ParameterizedTest
    @CsvSource({"phi3, F16", "phi3, Q8_0", "gpt2, F16", "gpt2, Q8_0", "starcoder2, Q8_0"})
    void mergesGgufFilesInOtherTypes(String file, ElementType type) {
        check(models("gguf").resolve(file + ".gguf"), directory.resolve("merged.gguf"), Kind.LORA, type);
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpt2", "phi3", "falcon", "gpt-neox", "qwen2"})
    void mergesMagnitudesIntoADirectory(String family) throws IOException {
        check(family(family), directory.resolve("merged"), Kind.DORA, ElementType.F32);
    }

    @ParameterizedTest
    @CsvSource({"gpt2, F32", "gpt2, Q8_0", "phi3, F32", "phi3, F16"})
    void mergesMagnitudesIntoAGgufFile(String file, ElementType type) {
        check(models("gguf").resolve(file + ".gguf"), directory.resolve("merged.gguf"), Kind.DORA, type);
    }

    /** Rows of q and k in an order of the file's own. */
    @Test
    void mergesMagnitudesIntoALlamaFile() {
        Path model = TinyModels.gguf(directory.resolve("model.gguf"), 1);
        check(model, directory.resolve("merged.gguf"), Kind.DORA, ElementType.F32);
    }

    @Test
    void refusesModulesThatWereTrainedWhole() throws IOException {
        try (BaseModel base = BaseModel.open(TinyModels.huggingFaceDirectory(directory.resolve("model"), 1))) {
            PeftConfig config =
                    new PeftConfig("base", AdapterShape.plain(3, 5, names(base)).saving(List.of("lm_head")));
            LoraLayout layout = config.layout(base.shape());
            PeftAdapter adapter = new PeftAdapter(config, layout, new float[layout.parameterCount()]);

            assertThatThrownBy(() -> new AdapterMatrices(adapter))
                    .hasMessageStartingWith("adapters with modules_to_save can't be merged or combined: lm_head")
                    .extracting(e -> ((StageFailure) e).exitCode())
                    .isEqualTo(ExitCode.USAGE);
        }
    }

    private void check(Path model, Path merged, Kind kind, ElementType type) {
        PeftAdapter adapter = randomAdapter(model, kind);
        Path adapterDirectory = directory.resolve("adapter");
        adapter.write(new Storage(new Configuration()), new org.apache.hadoop.fs.Path(adapterDirectory.toString()));

        ByteArrayOutputStream err = new ByteArrayOutputStream();
        PrintStream stream = new PrintStream(err, true, StandardCharsets.UTF_8);
        int exitCode = new MergeCommand(stream, stream).run(new String[] {
            adapterDirectory.toString(),
            "--base",
            model.toString(),
            "--output",
            merged.toString(),
            "--type",
            type.name()
        });

        assertThat(exitCode).as(err.toString(StandardCharsets.UTF_8)).isZero();
        float[] adapted = logProbabilities(model, adapter, Branches.ADAPTED);
        double effect = largestDifference(adapted, logProbabilities(model, adapter, Branches.BASE));
        double difference = largestDifference(adapted, logProbabilities(merged, adapter, Branches.BASE));
        assertThat(effect).isGreaterThan(0.03);
        System.out.printf("%s %s: effect %.2g, difference %.2g%n", model, type, effect, difference);
        assertThat(difference).isLessThan(rounding(type) * Math.max(1, effect));
    }

    private static double rounding(ElementType type) {
        return switch (type) {
            case F32 -> 1e-4;
            case F16 -> 5e-3;
            default -> 0.1;
        };
    }

    /** On all linear layers, with entries large enough to matter. */
    private static PeftAdapter randomAdapter(Path model, Kind kind) {
        try (BaseModel base = BaseModel.open(model)) {
            PeftConfig config =
                    new PeftConfig("base", AdapterShape.plain(3, 5, names(base)).as(kind));
            LoraLayout layout = config.layout(base.shape());
            float[] parameters = new float[layout.parameterCount()];
            Random random = new Random(9);
            layout.entries().forEach(entry -> {
                double deviation = entry.matrix() == LoraMatrix.A ? 1 / Math.sqrt(entry.columns()) : 0.2;
                double mean = entry.matrix() == LoraMatrix.MAGNITUDE ? 1 : 0;
                for (int i = 0; i < entry.elements(); i++) {
                    parameters[entry.offset() + i] = (float) (mean + deviation * random.nextGaussian());
                }
            });
            return new PeftAdapter(config, layout, parameters);
        }
    }

    private static List<String> names(BaseModel base) {
        return LoraModules.of(base.shape()).modules().stream()
                .map(module -> module.name())
                .distinct()
                .toList();
    }

    private float[] logProbabilities(Path model, PeftAdapter adapter, Branches branches) {
        HostModel host = HostModel.onProcessor(
                model.toString(), directory.resolve("cache").toString(), WeightType.FP32, 1);
        try (BaseModel base = host.open();
                SharedBase shared = new SharedBase(host, base, TaskGpu.NONE)) {
            return shared.under(adapter).logProbabilities(batch(base.shape().vocabularySize()), branches);
        }
    }

    private static MicroBatch batch(int vocabulary) {
        int[] ids = new Random(5).ints(2 * LENGTH, 0, vocabulary).toArray();
        int[] labels = ids.clone();
        labels[0] = -100;
        labels[LENGTH] = -100;
        return new MicroBatch(2, LENGTH, ids, labels, new int[][] {{LENGTH}, {LENGTH}});
    }

    private static double largestDifference(float[] left, float[] right) {
        assertThat(left).hasSameSizeAs(right);
        double largest = 0;
        for (int i = 0; i < left.length; i++) {
            largest = Math.max(largest, Math.abs((double) left[i] - right[i]));
        }
        return largest;
    }
}
