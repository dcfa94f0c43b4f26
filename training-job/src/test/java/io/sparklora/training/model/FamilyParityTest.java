package io.sparklora.training.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparklora.pipeline.adapter.ComputeType;
import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.pipeline.basemodel.SafetensorsFile;
import io.sparklora.pipeline.basemodel.SafetensorsTensor;
import io.sparklora.pipeline.basemodel.TinyModels;
import io.sparklora.training.lora.LoraEntry;
import io.sparklora.training.lora.LoraLayout;
import io.sparklora.training.optimizer.AdamW;
import io.sparklora.training.optimizer.GradientClip;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every family in fp32 against transformers and PEFT in fp32, on the tiny models of {@code interop/family_goldens.py}.
 * What is reached is printed beside the distance of PEFT's own gradient in fp32 from the one in fp64 (the noise floor).
 */
final class FamilyParityTest {
    private static final int ROWS = 2;
    private static final int LENGTH = 24;
    private static final Placement FP32 = new Placement(Device.cpu(), ComputeType.FP32, 1);

    @TempDir
    private Path scratch;

    static List<String> models() {
        try (Stream<Path> directories = Files.list(families())) {
            return directories
                    .filter(Files::isDirectory)
                    .map(directory -> String.valueOf(directory.getFileName()))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path families() {
        try {
            return Path.of(FamilyParityTest.class.getResource("families").toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    @ParameterizedTest
    @MethodSource("models")
    void logitsAreTransformers(String name) {
        try (Case golden = new Case(name, "all-linear", AttentionKernel.FUSED);
                Case blocks = new Case(name, "all-linear", AttentionKernel.BLOCKS)) {
            int[] positions = golden.figures()
                    .get("logit_positions")
                    .valueStream()
                    .mapToInt(JsonNode::asInt)
                    .toArray();
            float[] expected = golden.tensors().floats("logits");

            compare(name + " logits", golden.program.logits(golden.batch(), positions, Branches.BASE), expected, 1e-5);
            compare(
                    name + " logits by blocks",
                    blocks.program.logits(golden.batch(), positions, Branches.BASE),
                    expected,
                    1e-5);
        }
    }

    @ParameterizedTest
    @MethodSource("models")
    void tenStepsGivePeftsLossesGradientsAndAdapter(String name) {
        for (String targets : List.of("all-linear", "q-v")) {
            for (AttentionKernel kernel : AttentionKernel.values()) {
                try (Case golden = new Case(name, targets, kernel)) {
                    tenSteps(name + " " + targets + " " + kernel, golden);
                }
            }
        }
    }

    private static void tenSteps(String what, Case golden) {
        JsonNode figures = golden.figures().get(golden.targets);
        float[] parameters = golden.vector("start");
        float[] gradient = new float[parameters.length];
        AdamW optimiser = new AdamW(parameters.length, 0);
        MicroBatch batch = golden.batch();
        double worst = 0;
        for (int step = 0; step < 10; step++) {
            golden.program.load(parameters);
            double loss = golden.program.forwardBackward(batch, gradient) / batch.supervisedTokens();
            worst = Math.max(
                    worst, Math.abs(loss - figures.get("losses").get(step).asDouble()));
            for (int i = 0; i < gradient.length; i++) {
                gradient[i] /= batch.supervisedTokens();
            }
            if (step == 0) {
                golden.compareGradient(
                        what, gradient, figures.get("gradient_noise").asDouble());
            }
            new GradientClip(1).clip(gradient);
            optimiser.step(
                    parameters, gradient, golden.figures().get("learning_rate").asDouble());
        }
        System.out.printf("%s: ten losses, largest difference %.1e%n", what, worst);
        assertThat(worst).as(what).isLessThan(1e-5);
        compare(what + " adapter after ten steps", parameters, golden.vector("end"), 5e-4);
    }

    @ParameterizedTest
    @MethodSource("models")
    void packedDocumentsAreAsDocumentsAlone(String name) {
        MicroBatch packed = MicroBatches.random(5, 300, new int[] {7, 1, 12}, new int[] {20});
        try (Case golden = new Case(name, "all-linear", AttentionKernel.FUSED)) {
            golden.program.load(golden.vector("start"));
            float[] together = new float[golden.layout.parameterCount()];
            float[] sum = new float[together.length];
            double loss = golden.program.forwardBackward(packed, together);
            double apart = 0;
            for (MicroBatch document : MicroBatches.documents(packed)) {
                float[] gradient = new float[sum.length];
                apart += golden.program.forwardBackward(document, gradient);
                for (int i = 0; i < sum.length; i++) {
                    sum[i] += gradient[i];
                }
            }

            assertThat(loss).isCloseTo(apart, within(1e-3));
            assertThat(Distances.relative(together, sum)).isLessThan(5e-6);
        }
    }

    @ParameterizedTest
    @MethodSource("models")
    void textGrowsTokenByTokenAsTheWholeAtOnce(String name) {
        try (Case golden = new Case(name, "all-linear", AttentionKernel.FUSED)) {
            golden.program.load(golden.vector("start"));
            int[] text = Arrays.copyOf(golden.tensors().ints("ids"), LENGTH);
            for (Branches branches : Branches.values()) {
                Decoder decoder = golden.program.decoder(LENGTH, branches);
                decoder.append(Arrays.copyOf(text, 10));
                decoder.append(Arrays.copyOfRange(text, 10, 15));
                float[] last = new float[0];
                for (int token = 15; token < LENGTH; token++) {
                    last = decoder.append(text[token]);
                }

                float[] whole = golden.program.logits(golden.batch(), new int[] {LENGTH - 1}, branches);
                assertThat(Distances.relative(last, whole)).as(name).isLessThan(1e-5);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("models")
    void bf16IsNearFp32(String name) {
        try (Case exact = new Case(name, "all-linear", AttentionKernel.FUSED)) {
            exact.program.load(exact.vector("start"));
            float[] expected = new float[exact.layout.parameterCount()];
            double loss = exact.program.forwardBackward(exact.batch(), expected);
            Placement bf16 = new Placement(Device.cpu(), ComputeType.BF16, 1);
            for (AttentionKernel kernel : AttentionKernel.values()) {
                try (Case coarse = new Case(name, "all-linear", WeightType.BF16, bf16, kernel)) {
                    coarse.program.load(coarse.vector("start"));
                    float[] gradient = new float[expected.length];

                    assertThat(coarse.program.forwardBackward(coarse.batch(), gradient) / loss)
                            .as(name)
                            .isCloseTo(1, within(2e-2));
                    compare(name + " bf16 gradient " + kernel, gradient, expected, 0.2);
                }
            }
        }
    }

    private static void compare(String what, float[] ours, float[] golden, double limit) {
        assertThat(ours).hasSameSizeAs(golden);
        double distance = Distances.relative(ours, golden);
        System.out.printf("%s: relative L2 distance %.1e%n", what, distance);
        assertThat(distance).as(what).isLessThanOrEqualTo(limit);
    }

    /** A golden model opened for some targets. */
    private final class Case implements AutoCloseable {
        private final String targets;
        private final Path directory;
        private final SafetensorsFile tensors;
        private final LoraLayout layout;
        private final TorchScriptProgram program;

        Case(String name, String targets, AttentionKernel kernel) {
            this(name, targets, WeightType.FP32, FP32, kernel);
        }

        Case(String name, String targets, WeightType stored, Placement placement, AttentionKernel kernel) {
            this.targets = targets;
            directory = families().resolve(name);
            tensors = SafetensorsFile.open(directory.resolve("golden.safetensors"));
            JsonNode figures = figures();
            Path hub = scratch.resolve(name);
            copyModel(hub);
            try (BaseModel model = BaseModel.open(hub)) {
                layout = LoraLayout.uniform(
                        model.shape(),
                        figures.get("rank").asInt(),
                        figures.get("alpha").asDouble() / figures.get("rank").asInt(),
                        modules());
                program = TorchScriptProgram.open(
                        model, scratch.resolve("cache"), stored, layout, placement, TrainingOptions.PLAIN, kernel);
            }
        }

        private void copyModel(Path hub) {
            if (Files.exists(hub)) {
                return;
            }
            TinyModels.tokenizer(hub);
            try {
                for (String file : List.of("config.json", "model.safetensors")) {
                    Files.copy(directory.resolve(file), hub.resolve(file));
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private List<String> modules() {
            List<String> names = new ArrayList<>();
            figures().get("targets").get(targets).forEach(name -> names.add(name.asText()));
            return names;
        }

        SafetensorsFile tensors() {
            return tensors;
        }

        JsonNode figures() {
            try {
                return new ObjectMapper()
                        .readTree(directory.resolve("golden.json").toFile());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        MicroBatch batch() {
            int[] ids = tensors.ints("ids");
            int[] labels = ids.clone();
            labels[0] = MicroBatch.IGNORED;
            labels[LENGTH] = MicroBatch.IGNORED;
            return new MicroBatch(ROWS, LENGTH, ids, labels, new int[][] {{LENGTH}, {LENGTH}});
        }

        /** Exactly the tensors of a part, by PEFT's keys, in the layout's order. */
        float[] vector(String part) {
            String prefix = targets + "/" + part + "/";
            assertThat(tensors.tensors().stream()
                            .map(SafetensorsTensor::name)
                            .filter(key -> key.startsWith(prefix))
                            .map(key -> key.substring(prefix.length())))
                    .containsExactlyInAnyOrderElementsOf(
                            layout.entries().stream().map(LoraEntry::key).collect(Collectors.toSet()));
            float[] vector = new float[layout.parameterCount()];
            for (LoraEntry entry : layout.entries()) {
                entry.read(tensors.floats(prefix + entry.key()), vector);
            }
            return vector;
        }

        /** Each matrix on its own, so that a large one does not hide a small one's error. */
        void compareGradient(String what, float[] gradient, double noise) {
            float[] expected = vector("gradient");
            double worst = 0;
            for (LoraEntry entry : layout.entries()) {
                int end = entry.offset() + entry.elements();
                worst = Math.max(
                        worst,
                        Distances.relative(
                                Arrays.copyOfRange(gradient, entry.offset(), end),
                                Arrays.copyOfRange(expected, entry.offset(), end)));
            }
            System.out.printf(
                    "%s: gradient, relative L2 distance %.1e, of the worst matrix %.1e (noise floor %.1e)%n",
                    what, Distances.relative(gradient, expected), worst, noise);
            assertThat(worst).as(what).isLessThan(5e-5);
        }

        @Override
        public void close() {
            program.close();
            tensors.close();
        }
    }
}
