package io.sparklora.training.model;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import com.fasterxml.jackson.databind.JsonNode;
import io.sparklora.pipeline.adapter.ComputeType;
import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.pipeline.basemodel.GoldenData;
import io.sparklora.pipeline.basemodel.SafetensorsFile;
import io.sparklora.training.lora.LoraEntry;
import io.sparklora.training.lora.LoraLayout;
import io.sparklora.training.lora.LoraMatrix;
import io.sparklora.training.optimizer.AdamW;
import io.sparklora.training.optimizer.GradientClip;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/**
 * The program in fp32 against transformers and PEFT in fp32 on the same base model. What is reached is printed beside the
 * distance that PyTorch's own kernels have from one another (the noise floor).
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class GoldenParityTest {
    private static final int LENGTH = 128;

    private TorchScriptProgram program;
    private LoraLayout layout;

    @BeforeAll
    void openProgram(@TempDir Path cache) {
        GoldenData.file("tokens.safetensors");
        try (BaseModel model = BaseModel.open(GoldenData.baseModel())) {
            layout = LoraLayout.uniform(model.shape(), 8, 2, List.of("all-linear"));
            program = TorchScriptProgram.open(
                    model, cache, WeightType.FP32, layout, new Placement(Device.cpu(), ComputeType.FP32, 2));
        }
    }

    @AfterAll
    void closeProgram() {
        if (program != null) {
            program.close();
        }
    }

    @Test
    void hiddenStatesAndLogitsAreTransformers() {
        MicroBatch first = batch(0, 1);
        try (SafetensorsFile golden = SafetensorsFile.open(GoldenData.file("forward_seq0.safetensors"))) {
            compare("embeddings", program.hiddenStates(first, 0, Branches.BASE), golden.floats("hidden_embed"), 0, 0);
            compare(
                    "hidden after layer 0",
                    program.hiddenStates(first, 1, Branches.BASE),
                    golden.floats("hidden_after_layer0"),
                    1e-6,
                    2e-6);
            compare(
                    "hidden after layer 14",
                    program.hiddenStates(first, 15, Branches.BASE),
                    golden.floats("hidden_after_layer14"),
                    1e-6,
                    5e-6);
            compare(
                    "hidden after the final norm",
                    program.hiddenStates(first, 31, Branches.BASE),
                    golden.floats("hidden_final_normed"),
                    3e-6,
                    1e-5);
            compare(
                    "logits",
                    program.logits(first, new int[] {0, 1, 63, 127}, Branches.BASE),
                    golden.floats("logits_pos_0_1_63_127"),
                    3e-6,
                    1e-5);
        }
    }

    @Test
    void tokenLogProbabilitiesAreTransformers() {
        JsonNode golden = json("forward_seq0.json");

        compare(
                "log-probabilities",
                program.logProbabilities(batch(0, 1), Branches.BASE),
                floats(golden.get("seq0_token_logprobs")),
                2e-6,
                1e-5);
    }

    @Test
    void lossCountsSupervisedTokensOnly() {
        MicroBatch both = batch(0, 2);
        Arrays.fill(both.labels(), 0, 40, MicroBatch.IGNORED);
        Arrays.fill(both.labels(), LENGTH + 100, 2 * LENGTH, MicroBatch.IGNORED);

        double loss = program.baseLossSum(both) / both.supervisedTokens();

        assertThat(both.supervisedTokens()).isEqualTo(187);
        assertThat(loss).isCloseTo(json("forward_seq0.json").get("masked_loss").asDouble(), within(1e-5));
    }

    @Test
    void heldOutTextIsJudgedAsByPeftWithAndWithoutTheAdapter() {
        JsonNode golden = json("eval_mpl2_300.json");
        float[] ids = floats(golden.get("ids"));
        MicroBatch text = batch(Arrays.copyOf(ids, ids.length), 1);
        program.load(parameters("adapter_model.safetensors", entry -> true));

        compare(
                "held-out log-probabilities, base",
                program.logProbabilities(text, Branches.BASE),
                floats(golden.get("base")),
                3e-6,
                1e-5);
        compare(
                "held-out log-probabilities, adapter",
                program.logProbabilities(text, Branches.ADAPTED),
                floats(golden.get("golden_adapter")),
                3e-6,
                1e-5);
    }

    @Test
    void tenStepsGivePeftsGradientsLossesAndAdapter() {
        JsonNode log = json("run_f32.json").get("log");
        float[] parameters = parameters("init_lora_A.safetensors", entry -> entry.matrix() == LoraMatrix.A);
        float[] gradient = new float[parameters.length];
        AdamW optimiser = new AdamW(parameters.length, 0);
        double worst = 0;
        for (int step = 0; step < 10; step++) {
            MicroBatch rows = batch(2 * step, 2);
            program.load(parameters);
            double loss = program.forwardBackward(rows, gradient) / rows.supervisedTokens();
            for (int i = 0; i < gradient.length; i++) {
                gradient[i] /= rows.supervisedTokens();
            }
            worst = Math.max(worst, Math.abs(loss - log.get(step).get("loss").asDouble()));
            compareGradient(step, gradient);
            new GradientClip(1).clip(gradient);
            optimiser.step(parameters, gradient, 5e-4);
        }
        System.out.printf("ten losses: largest difference %.1e (noise floor 2e-6 to fp32, 1e-5 to fp64)%n", worst);
        assertThat(worst).isLessThan(1.2e-5);
        compareAdapter(parameters, LoraMatrix.A, 5e-5, 2e-4);
        compareAdapter(parameters, LoraMatrix.B, 1.2e-4, 8e-4);
    }

    private void compareGradient(int step, float[] gradient) {
        if (step == 0) {
            Predicate<LoraEntry> ofB = entry -> entry.matrix() == LoraMatrix.B;
            float[] golden = parameters("grad_step1_lora_B.safetensors", ofB);
            compare("gradient, step 1", gradient, golden, 3.5e-6, 2e-5);
        }
        if (step == 1) {
            Predicate<LoraEntry> ends =
                    entry -> entry.branch().layer() == 0 || entry.branch().layer() == 29;
            float[] golden = parameters("grad_step2_layers_0_29.safetensors", ends);
            compare("gradient, step 2, layers 0 and 29", kept(gradient, ends), golden, 3.5e-6, 5e-5);
        }
    }

    private void compareAdapter(float[] parameters, LoraMatrix matrix, double floor, double limit) {
        Predicate<LoraEntry> wanted = entry -> entry.matrix() == matrix;
        float[] golden = kept(parameters("adapter_model.safetensors", entry -> true), wanted);
        compare("adapter after ten steps, " + matrix, kept(parameters, wanted), golden, floor, limit);
    }

    private float[] kept(float[] vector, Predicate<LoraEntry> wanted) {
        float[] kept = new float[vector.length];
        layout.entries().stream()
                .filter(wanted)
                .forEach(entry -> System.arraycopy(vector, entry.offset(), kept, entry.offset(), entry.elements()));
        return kept;
    }

    private float[] parameters(String file, Predicate<LoraEntry> wanted) {
        float[] parameters = new float[layout.parameterCount()];
        try (SafetensorsFile tensors = SafetensorsFile.open(GoldenData.file(file))) {
            layout.entries().stream()
                    .filter(wanted)
                    .forEach(entry -> System.arraycopy(
                            tensors.floats(entry.key()), 0, parameters, entry.offset(), entry.elements()));
        }
        return parameters;
    }

    private static MicroBatch batch(int firstRow, int rows) {
        try (SafetensorsFile tokens = SafetensorsFile.open(GoldenData.file("tokens.safetensors"))) {
            int[] ids = tokens.ints("input_ids");
            return batch(Arrays.copyOfRange(ids, firstRow * LENGTH, (firstRow + rows) * LENGTH), rows);
        }
    }

    private static MicroBatch batch(float[] ids, int rows) {
        int[] whole = new int[ids.length];
        for (int i = 0; i < ids.length; i++) {
            whole[i] = (int) ids[i];
        }
        return batch(whole, rows);
    }

    private static MicroBatch batch(int[] ids, int rows) {
        int length = ids.length / rows;
        int[] labels = ids.clone();
        int[][] documents = new int[rows][];
        for (int row = 0; row < rows; row++) {
            labels[row * length] = MicroBatch.IGNORED;
            documents[row] = new int[] {length};
        }
        return new MicroBatch(rows, length, ids, labels, documents);
    }

    private static JsonNode json(String file) {
        return GoldenData.json(file);
    }

    private static float[] floats(JsonNode array) {
        float[] values = new float[array.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) array.get(i).asDouble();
        }
        return values;
    }

    private static org.assertj.core.data.Offset<Double> within(double distance) {
        return org.assertj.core.data.Offset.offset(distance);
    }

    private static void compare(String what, float[] ours, float[] golden, double floor, double limit) {
        assertThat(ours).hasSameSizeAs(golden);
        double distance = Distances.relative(ours, golden);
        System.out.printf("%s: relative L2 distance %.1e (noise floor %.1e)%n", what, distance, floor);
        assertThat(distance).as(what).isLessThanOrEqualTo(limit);
    }
}
