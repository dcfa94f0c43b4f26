package io.sparklora.training.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparklora.pipeline.adapter.ComputeType;
import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.pipeline.basemodel.DecoderWeight;
import io.sparklora.pipeline.basemodel.SafetensorsFile;
import io.sparklora.pipeline.basemodel.TinyModels;
import io.sparklora.training.full.EveryWeight;
import io.sparklora.training.full.WholeModel;
import io.sparklora.training.lora.LoraLayout;
import io.sparklora.training.lora.WholeEntry;
import io.sparklora.training.optimizer.AdamW;
import io.sparklora.training.optimizer.GradientClip;
import io.sparklora.training.optimizer.ParameterGroup;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Full fine-tuning in fp32 against transformers and torch in fp32, on the goldens of {@code interop/full_goldens.py}; and of
 * every family, that the gradient is the loss' slope.
 */
final class FullParityTest {
    private static final int ROWS = 2;
    private static final int LENGTH = 24;
    private static final Placement FP32 = new Placement(Device.cpu(), ComputeType.FP32, 1);

    @TempDir
    private Path scratch;

    private static Path models(String kind) {
        try {
            return Path.of(Objects.requireNonNull(FullParityTest.class.getResource(kind))
                    .toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    static List<String> goldens() throws IOException {
        return names("full");
    }

    static List<String> families() throws IOException {
        return names("families");
    }

    private static List<String> names(String kind) throws IOException {
        try (Stream<Path> directories = Files.list(models(kind))) {
            return directories
                    .map(directory -> String.valueOf(directory.getFileName()))
                    .sorted()
                    .toList();
        }
    }

    @ParameterizedTest
    @MethodSource("goldens")
    void tenStepsGiveTransformersLossesAndGradients(String name) throws IOException {
        JsonNode figures = new ObjectMapper()
                .readTree(models("full").resolve(name).resolve("golden.json").toFile());
        float[] expected = parameters(hub(name, models("full").resolve(name).resolve("gradient.safetensors")));
        for (AttentionKernel kernel : AttentionKernel.values()) {
            try (Case golden = new Case(name, FP32, TrainingOptions.PLAIN, kernel)) {
                float[] parameters = golden.start();
                float[] gradient = new float[parameters.length];
                AdamW optimiser = new AdamW(
                        new float[parameters.length],
                        new float[parameters.length],
                        0,
                        figures.get("weight_decay").asDouble(),
                        groups(golden.layout));
                MicroBatch batch = golden.batch();
                double worst = 0;
                for (int step = 0; step < 10; step++) {
                    golden.program.load(parameters);
                    double loss = golden.program.forwardBackward(batch, gradient) / batch.supervisedTokens();
                    worst = Math.max(
                            worst,
                            Math.abs(loss - figures.get("losses").get(step).asDouble()));
                    for (int i = 0; i < gradient.length; i++) {
                        gradient[i] /= batch.supervisedTokens();
                    }
                    if (step == 0) {
                        compare(name + " " + kernel, golden.layout, gradient, expected);
                    }
                    new GradientClip(1).clip(gradient);
                    optimiser.step(
                            parameters, gradient, figures.get("learning_rate").asDouble());
                }
                System.out.printf("%s %s: ten losses, largest difference %.1e%n", name, kernel, worst);
                assertThat(worst).as(name).isLessThan(1e-5);
            }
        }
    }

    private static List<ParameterGroup> groups(LoraLayout layout) {
        return layout.whole().stream()
                .map(entry -> new ParameterGroup(
                        entry.offset(),
                        entry.offset() + entry.elements(),
                        1,
                        entry.weight().kind() == DecoderWeight.Kind.MATRIX ? 1 : 0))
                .toList();
    }

    /** Each weight on its own; one whose gradient is nothing but rounding, such as a bias of keys, by the whole gradient. */
    private static void compare(String what, LoraLayout layout, float[] ours, float[] golden) {
        double least = 1e-3 * norm(golden, 0, golden.length);
        double worst = 0;
        String where = "";
        for (WholeEntry entry : layout.whole()) {
            int end = entry.offset() + entry.elements();
            float[] difference = new float[entry.elements()];
            for (int i = 0; i < difference.length; i++) {
                difference[i] = ours[entry.offset() + i] - golden[entry.offset() + i];
            }
            double distance =
                    norm(difference, 0, difference.length) / Math.max(least, norm(golden, entry.offset(), end));
            if (distance > worst) {
                worst = distance;
                where = entry.weight().name();
            }
        }
        System.out.printf(
                "%s: gradient, relative L2 distance %.1e, of the worst weight %.1e (%s)%n",
                what, Distances.relative(ours, golden), worst, where);
        assertThat(worst).as(what + " " + where).isLessThan(1e-4);
    }

    private static double norm(float[] values, int first, int end) {
        double squares = 0;
        for (int i = first; i < end; i++) {
            squares += (double) values[i] * values[i];
        }
        return Math.sqrt(squares);
    }

    /** Along each weight's own gradient, by a central difference; in fp32 good for some percent. */
    @ParameterizedTest
    @MethodSource("families")
    void theGradientOfEveryWeightIsTheLossesSlope(String name) {
        try (Case model = new Case(name, FP32, TrainingOptions.PLAIN, AttentionKernel.FUSED)) {
            float[] parameters = model.start();
            float[] gradient = new float[parameters.length];
            MicroBatch batch = model.batch();
            model.program.load(parameters);
            assertThat(model.program.forwardBackward(batch, gradient))
                    .isCloseTo(model.program.baseLossSum(batch), within(1e-3));

            double all = norm(gradient, 0, gradient.length);
            for (WholeEntry entry : model.layout.whole()) {
                double slope = norm(gradient, entry.offset(), entry.offset() + entry.elements());
                if (slope > 0.03 * all) {
                    double step = 0.25 / slope;
                    double rise = model.lossAlong(entry, gradient, step / slope)
                            - model.lossAlong(entry, gradient, -step / slope);
                    assertThat(rise / (2 * step) / slope)
                            .as(name + " " + entry.weight().name())
                            .isCloseTo(1, within(0.05));
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("goldens")
    void gradientsAreTheSameBitsWhereActivationsAreComputedAgain(String name) {
        try (Case held = new Case(name, FP32, TrainingOptions.PLAIN, AttentionKernel.FUSED);
                Case again = new Case(name, FP32, new TrainingOptions(0, 1), AttentionKernel.FUSED)) {
            assertThat(again.gradient()).isEqualTo(held.gradient());
        }
    }

    @ParameterizedTest
    @MethodSource("goldens")
    void gradientsInBf16AreNearThoseInFp32(String name) {
        Placement bf16 = new Placement(Device.cpu(), ComputeType.BF16, 1);
        try (Case exact = new Case(name, FP32, TrainingOptions.PLAIN, AttentionKernel.FUSED);
                Case coarse = new Case(name, bf16, TrainingOptions.PLAIN, AttentionKernel.FUSED)) {
            double distance = Distances.relative(coarse.gradient(), exact.gradient());
            System.out.printf("%s: bf16 gradient, relative L2 distance %.1e%n", name, distance);
            assertThat(distance).isLessThan(0.2);
        }
    }

    @ParameterizedTest
    @MethodSource("goldens")
    void theBaseAloneStaysWhatItWasAndTextGrowsAsTheWholeAtOnce(String name) {
        try (Case model = new Case(name, FP32, TrainingOptions.PLAIN, AttentionKernel.FUSED)) {
            float[] parameters = model.start();
            for (int i = 0; i < parameters.length; i++) {
                parameters[i] *= 1 + 0.05f * (i % 7);
            }
            double before = model.program.baseLossSum(model.batch());
            model.program.load(parameters);

            assertThat(model.program.baseLossSum(model.batch())).isEqualTo(before);
            assertThat(model.program.lossSum(model.batch())).isNotCloseTo(before, within(0.1));
            int[] text = Arrays.copyOf(model.batch().inputIds(), LENGTH);
            for (Branches branches : Branches.values()) {
                Decoder decoder = model.program.decoder(LENGTH, branches);
                decoder.append(Arrays.copyOf(text, 15));
                float[] last = new float[0];
                for (int token = 15; token < LENGTH; token++) {
                    last = decoder.append(text[token]);
                }
                float[] whole = model.program.logits(model.batch(), new int[] {LENGTH - 1}, branches);
                assertThat(Distances.relative(last, whole)).as(name).isLessThan(1e-5);
            }
        }
    }

    /** The model of a family's golden, with its own weights or others of the same names. */
    private Path hub(String name, Path weights) {
        Path hub = scratch.resolve(name + "-" + weights.getFileName());
        if (!Files.exists(hub)) {
            TinyModels.tokenizer(hub);
            try {
                Files.copy(models("families").resolve(name).resolve("config.json"), hub.resolve("config.json"));
                Files.copy(weights, hub.resolve("model.safetensors"));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return hub;
    }

    private static float[] parameters(Path hub) {
        try (BaseModel model = BaseModel.open(hub)) {
            return WholeModel.of(model).parameters();
        }
    }

    /** A golden model opened with every weight trained. */
    private final class Case implements AutoCloseable {
        private final String name;
        private final LoraLayout layout;
        private final TorchScriptProgram program;

        Case(String name, Placement placement, TrainingOptions options, AttentionKernel kernel) {
            this.name = name;
            WeightType stored = placement.compute() == ComputeType.BF16 ? WeightType.BF16 : WeightType.FP32;
            try (BaseModel model = BaseModel.open(directory())) {
                layout = new EveryWeight().layout(model.shape());
                program = TorchScriptProgram.open(
                        model, scratch.resolve("cache"), stored, layout, placement, options, kernel);
            }
        }

        private Path directory() {
            return hub(name, models("families").resolve(name).resolve("model.safetensors"));
        }

        float[] start() {
            return parameters(directory());
        }

        float[] gradient() {
            float[] gradient = new float[layout.parameterCount()];
            program.load(start());
            program.forwardBackward(batch(), gradient);
            return gradient;
        }

        double lossAlong(WholeEntry entry, float[] direction, double step) {
            float[] parameters = start();
            for (int i = entry.offset(); i < entry.offset() + entry.elements(); i++) {
                parameters[i] += (float) (step * direction[i]);
            }
            program.load(parameters);
            return program.lossSum(batch());
        }

        MicroBatch batch() {
            Path golden = models("families").resolve(name).resolve("golden.safetensors");
            try (SafetensorsFile tensors = SafetensorsFile.open(golden)) {
                int[] ids = tensors.ints("ids");
                int[] labels = ids.clone();
                labels[0] = MicroBatch.IGNORED;
                labels[LENGTH] = MicroBatch.IGNORED;
                return new MicroBatch(ROWS, LENGTH, ids, labels, new int[][] {{LENGTH}, {LENGTH}});
            }
        }

        @Override
        public void close() {
            program.close();
        }
    }
}
