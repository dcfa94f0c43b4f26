package io.sparklora.training.merge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.adapter.AdapterShape;
import io.sparklora.pipeline.adapter.LoraModules;
import io.sparklora.pipeline.basemodel.BaseModel;
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
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever a family's files call, fuse or turn: the merged model computes what base and adapter compute together. */
final class MergedFamilyTest {
    private static final int LENGTH = 24;
    private static final int VOCABULARY = 300;

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
        try (Stream<Path> families = Files.list(models("families"))) {
            return families.map(family -> family.getFileName().toString())
                    .sorted()
                    .toList();
        }
    }

    @ParameterizedTest
    @MethodSource("families")
    void mergesEveryFamilysDirectory(String family) throws IOException {
        Path model = TinyModels.tokenizer(directory.resolve("model"));
        for (String file : List.of("config.json", "model.safetensors")) {
            Files.copy(models("families").resolve(family).resolve(file), model.resolve(file));
        }

        check(model, directory.resolve("merged"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"qwen2", "qwen3", "gemma2", "gemma3"})
    void mergesGgufFilesWithLlamasLayers(String family) {
        check(models("gguf").resolve(family + ".gguf"), directory.resolve("merged.gguf"));
    }

    @Test
    void refusesMagnitudes() throws IOException {
        try (BaseModel base = BaseModel.open(TinyModels.huggingFaceDirectory(directory.resolve("model"), 1))) {
            PeftConfig config =
                    new PeftConfig("base", AdapterShape.plain(3, 5, names(base)).as(Kind.DORA));
            LoraLayout layout = config.layout(base.shape());
            PeftAdapter adapter = new PeftAdapter(config, layout, new float[layout.parameterCount()]);

            assertThatThrownBy(() -> new AdapterMatrices(adapter))
                    .hasMessageStartingWith("adapters with use_dora can't be merged or combined: model.layers.0.")
                    .extracting(e -> ((StageFailure) e).exitCode())
                    .isEqualTo(ExitCode.USAGE);
        }
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

    private void check(Path model, Path merged) {
        PeftAdapter adapter = randomAdapter(model);
        Path adapterDirectory = directory.resolve("adapter");
        adapter.write(new Storage(new Configuration()), new org.apache.hadoop.fs.Path(adapterDirectory.toString()));

        ByteArrayOutputStream err = new ByteArrayOutputStream();
        PrintStream stream = new PrintStream(err, true, StandardCharsets.UTF_8);
        int exitCode = new MergeCommand(stream, stream).run(new String[] {
            adapterDirectory.toString(), "--base", model.toString(), "--output", merged.toString(), "--type", "f32"
        });

        assertThat(exitCode).as(err.toString(StandardCharsets.UTF_8)).isZero();
        float[] adapted = logProbabilities(model, adapter, Branches.ADAPTED);
        double effect = largestDifference(adapted, logProbabilities(model, adapter, Branches.BASE));
        double difference = largestDifference(adapted, logProbabilities(merged, adapter, Branches.BASE));
        assertThat(effect).isGreaterThan(0.03);
        assertThat(difference).isLessThan(1e-4 * Math.max(1, effect));
    }

    /** On all linear layers, with entries large enough to matter. */
    private static PeftAdapter randomAdapter(Path model) {
        try (BaseModel base = BaseModel.open(model)) {
            PeftConfig config = new PeftConfig("base", AdapterShape.plain(3, 5, names(base)));
            LoraLayout layout = config.layout(base.shape());
            float[] parameters = new float[layout.parameterCount()];
            Random random = new Random(9);
            layout.entries().forEach(entry -> {
                double deviation = entry.matrix() == LoraMatrix.A ? 1 / Math.sqrt(entry.columns()) : 0.2;
                for (int i = 0; i < entry.elements(); i++) {
                    parameters[entry.offset() + i] = (float) (deviation * random.nextGaussian());
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
        int[] ids = new Random(5).ints(2 * LENGTH, 0, VOCABULARY).toArray();
        int[] labels = ids.clone();
        labels[0] = -100;
        labels[LENGTH] = -100;
        MicroBatch batch = new MicroBatch(2, LENGTH, ids, labels, new int[][] {{LENGTH}, {LENGTH}});
        try (BaseModel base = host.open();
                SharedBase shared = new SharedBase(host, base, TaskGpu.NONE)) {
            return shared.under(adapter).logProbabilities(batch, branches);
        }
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
