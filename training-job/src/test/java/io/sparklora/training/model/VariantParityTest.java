package io.sparklora.training.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparklora.pipeline.adapter.ComputeType;
import io.sparklora.pipeline.adapter.LoraBranch;
import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.pipeline.basemodel.SafetensorsFile;
import io.sparklora.pipeline.basemodel.SafetensorsTensor;
import io.sparklora.pipeline.basemodel.TinyModels;
import io.sparklora.training.lora.LoraEntry;
import io.sparklora.training.lora.LoraLayout;
import io.sparklora.training.lora.LoraMatrix;
import io.sparklora.training.lora.PeftAdapter;
import io.sparklora.training.lora.PeftConfig;
import io.sparklora.training.lora.SavedEntry;
import io.sparklora.training.optimizer.AdamW;
import io.sparklora.training.optimizer.GradientClip;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * LoRA's variants in fp32 against PEFT in fp32, over a tiny model and from the {@code adapter_config.json} that PEFT wrote;
 * see {@code interop/lora_goldens.py}.
 */
final class VariantParityTest {
    private static final int LENGTH = 24;
    private static final Placement FP32 = new Placement(Device.cpu(), ComputeType.FP32, 1);

    @TempDir
    private Path scratch;

    static List<String> variants() throws IOException {
        try (Stream<Path> directories = Files.list(resources("variants"))) {
            return directories
                    .map(directory -> String.valueOf(directory.getFileName()))
                    .sorted()
                    .toList();
        }
    }

    private static Path resources(String name) {
        try {
            return Path.of(VariantParityTest.class.getResource(name).toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    @ParameterizedTest
    @MethodSource("variants")
    void branchesAreThoseThatPeftMakes(String name) {
        try (Case golden = new Case(name)) {
            JsonNode branches = golden.figures.get("branches");

            assertThat(golden.layout.branches().stream().map(LoraBranch::path))
                    .containsExactlyInAnyOrderElementsOf(() -> branches.fieldNames());
            for (LoraBranch branch : golden.layout.branches()) {
                JsonNode rankAndScale = branches.get(branch.path());
                assertThat(branch.rank())
                        .as(branch.path())
                        .isEqualTo(rankAndScale.get(0).asInt());
                assertThat(branch.scale())
                        .as(branch.path())
                        .isCloseTo(rankAndScale.get(1).asDouble(), within(1e-12));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("variants")
    void tenStepsGivePeftsLossesGradientsAndAdapter(String name) {
        try (Case golden = new Case(name);
                TorchScriptProgram program = golden.open(golden.layout)) {
            float[] parameters = golden.vector("start");
            float[] gradient = new float[parameters.length];
            AdamW optimiser = new AdamW(parameters.length, 0);
            double worst = 0;
            for (int step = 0; step < 10; step++) {
                double loss = golden.pass(program, parameters, gradient);
                worst = Math.max(
                        worst,
                        Math.abs(loss - golden.figures.get("losses").get(step).asDouble()));
                if (step == 0) {
                    golden.compareGradient(name, gradient);
                }
                new GradientClip(1).clip(gradient);
                optimiser.step(
                        parameters,
                        gradient,
                        golden.figures.get("learning_rate").asDouble());
            }
            double distance = Distances.relative(parameters, golden.vector("end"));
            System.out.printf(
                    "%s: ten losses, largest difference %.1e; adapter, relative L2 distance %.1e%n",
                    name, worst, distance);

            assertThat(worst).as(name).isLessThan(1e-5);
            assertThat(distance).as(name).isLessThan(5e-4);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"dora", "dora-phi3", "dora-gpt-neox", "dora-gpt2"})
    void magnitudesBeginAsPeftsDo(String name) {
        try (Case golden = new Case(name)) {
            float[] parameters = new float[golden.layout.parameterCount()];
            new WeightNorms(golden.model, WeightType.FP32).fill(golden.layout, parameters);

            assertThat(Distances.relative(parameters, golden.firstMagnitudes())).isLessThan(1e-6);
        }
    }

    @ParameterizedTest
    @MethodSource("variants")
    void theAdapterThatServersTakeComputesTheSame(String name) {
        try (Case golden = new Case(name)) {
            PeftAdapter portable = golden.portable();

            try (TorchScriptProgram program = golden.open(portable.config().layout(golden.model.shape()))) {
                program.load(portable.parameters());
                double loss = program.lossSum(golden.batch()) / golden.batch().supervisedTokens();

                assertThat(loss).isCloseTo(golden.figures.get("losses").get(0).asDouble(), within(1e-5));
            }
        }
    }

    /** A golden variant over its base. */
    private final class Case implements AutoCloseable {
        private final SafetensorsFile tensors;
        private final JsonNode figures;
        private final PeftConfig config;
        private final BaseModel model;
        private final LoraLayout layout;

        Case(String name) {
            Path directory = resources("variants").resolve(name);
            Path file = directory.resolve(PeftConfig.FILE);
            try {
                figures = new ObjectMapper()
                        .readTree(directory.resolve("golden.json").toFile());
                config = PeftConfig.parse(Files.readAllBytes(file), new org.apache.hadoop.fs.Path(file.toUri()));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            tensors = SafetensorsFile.open(directory.resolve("golden.safetensors"));
            model = BaseModel.open(hub(figures.get("base").asText()));
            layout = config.layout(model.shape());
        }

        private Path hub(String base) {
            Path hub = TinyModels.tokenizer(scratch.resolve(base));
            try {
                for (String file : List.of("config.json", "model.safetensors")) {
                    Files.copy(resources("families").resolve(base).resolve(file), hub.resolve(file));
                }
                return hub;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        TorchScriptProgram open(LoraLayout branches) {
            return TorchScriptProgram.open(model, scratch.resolve("cache"), WeightType.FP32, branches, FP32);
        }

        PeftAdapter portable() {
            return PeftAdapter.portable(config, model, vector("start"));
        }

        MicroBatch batch() {
            Path file = resources("families").resolve(figures.get("base").asText());
            int[] ids;
            try (SafetensorsFile golden = SafetensorsFile.open(file.resolve("golden.safetensors"))) {
                ids = golden.ints("ids");
            }
            int[] labels = ids.clone();
            labels[0] = MicroBatch.IGNORED;
            labels[LENGTH] = MicroBatch.IGNORED;
            return new MicroBatch(2, LENGTH, ids, labels, new int[][] {{LENGTH}, {LENGTH}});
        }

        /** The mean loss; gradient gets that of the mean. */
        double pass(TorchScriptProgram program, float[] parameters, float[] gradient) {
            MicroBatch batch = batch();
            program.load(parameters);
            double loss = program.forwardBackward(batch, gradient);
            for (int i = 0; i < gradient.length; i++) {
                gradient[i] /= batch.supervisedTokens();
            }
            return loss / batch.supervisedTokens();
        }

        /** Exactly the tensors of a part, by PEFT's keys, in the layout's order. */
        float[] vector(String part) {
            String prefix = part + "/";
            assertThat(tensors.tensors().stream()
                            .map(SafetensorsTensor::name)
                            .filter(key -> key.startsWith(prefix))
                            .map(key -> key.substring(prefix.length())))
                    .containsExactlyInAnyOrderElementsOf(Stream.concat(
                                    layout.entries().stream().map(LoraEntry::key),
                                    layout.saved().stream().map(SavedEntry::key))
                            .toList());
            float[] vector = new float[layout.parameterCount()];
            for (SavedEntry entry : layout.saved()) {
                System.arraycopy(tensors.floats(prefix + entry.key()), 0, vector, entry.offset(), entry.elements());
            }
            for (LoraEntry entry : layout.entries()) {
                entry.read(tensors.floats(prefix + entry.key()), vector);
            }
            return vector;
        }

        /** The magnitudes before the first step at their places, zeros elsewhere. */
        float[] firstMagnitudes() {
            float[] vector = new float[layout.parameterCount()];
            layout.entries().stream()
                    .filter(entry -> entry.matrix() == LoraMatrix.MAGNITUDE)
                    .forEach(entry -> entry.read(tensors.floats("initial/" + entry.key()), vector));
            return vector;
        }

        /** Each matrix on its own, so that a large one does not hide a small one's error. */
        void compareGradient(String what, float[] gradient) {
            float[] expected = vector("gradient");
            double worst = 0;
            for (LoraEntry entry : layout.entries()) {
                worst = Math.max(worst, distance(gradient, expected, entry.offset(), entry.elements()));
            }
            for (SavedEntry entry : layout.saved()) {
                worst = Math.max(worst, distance(gradient, expected, entry.offset(), entry.elements()));
            }
            System.out.printf(
                    "%s: gradient, relative L2 distance of the worst matrix %.1e (noise floor %.1e)%n",
                    what, worst, figures.get("gradient_noise").asDouble());
            assertThat(worst).as(what).isLessThan(5e-5);
        }

        private static double distance(float[] ours, float[] peft, int first, int count) {
            return Distances.relative(
                    Arrays.copyOfRange(ours, first, first + count), Arrays.copyOfRange(peft, first, first + count));
        }

        @Override
        public void close() {
            model.close();
            tensors.close();
        }
    }
}
