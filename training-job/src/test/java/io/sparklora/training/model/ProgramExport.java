package io.sparklora.training.model;

import ai.djl.Device;
import io.sparklora.pipeline.adapter.ComputeType;
import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.pipeline.basemodel.DecoderShape;
import io.sparklora.pipeline.run.Json;
import io.sparklora.training.lora.LoraLayout;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Writes the program's archives for the CPU and for a GPU with what they are to be called with, and what the CPU computes
 * here, for {@code interop/check_cuda.py}: {@code cpu.pt}, {@code cuda.pt}, {@code arguments.json}, and {@code theta.bin}
 * and {@code gradient.bin} of fp32 numbers.
 *
 * <p>Arguments: base model (a path, or {@code random} for weights of SmolLM2-135M's shape), cache directory, fp32 or bf16
 * weights, fp32 or bf16 products, rows, tokens a row, output directory.
 */
final class ProgramExport {
    private ProgramExport() {}

    /** The micro-batch, {@code open}'s arguments, the sizes that operations are counted from, and the loss here. */
    @SuppressWarnings("ArrayRecordComponent")
    private record Call(
            OpenArguments open,
            long[] ids,
            long[] documents,
            long[] rows,
            long[] targets,
            long linearWeights,
            int layers,
            int queryWidth,
            double loss) {}

    public static void main(String[] arguments) throws IOException {
        WeightType stored = WeightType.valueOf(arguments[2].toUpperCase(Locale.ROOT));
        ComputeType compute = ComputeType.valueOf(arguments[3].toUpperCase(Locale.ROOT));
        Path cache = Path.of(arguments[1]);
        Path output = Files.createDirectories(Path.of(arguments[6]));
        try (BaseModel model = arguments[0].equals("random")
                ? new RandomLlama(RandomLlama.smolLm2(), 1)
                : BaseModel.open(Path.of(arguments[0]))) {
            DecoderShape shape = model.shape();
            LoraLayout layout = LoraLayout.uniform(shape, 8, 2, List.of("all-linear"));
            BaseWeights weights = new BaseWeightCache(cache).open(model, stored);
            for (Device device : List.of(Device.cpu(), Device.gpu(0))) {
                Placement placement = new Placement(device, compute, 1);
                byte[] archive = TorchScriptProgram.archive(
                                weights, layout, placement, TrainingOptions.PLAIN, placement.attention())
                        .pack();
                Files.write(output.resolve(device.isGpu() ? "cuda.pt" : "cpu.pt"), archive);
            }
            int[][] documents = new int[Integer.parseInt(arguments[4])][];
            Arrays.fill(documents, new int[] {Integer.parseInt(arguments[5])});
            MicroBatch batch = MicroBatches.random(7, shape.vocabularySize(), documents);
            ProgramInput input = ProgramInput.of(batch, shape);
            float[] theta = Adapters.random(layout, 1);
            float[] gradient = new float[theta.length];
            double loss;
            try (TorchScriptProgram program =
                    TorchScriptProgram.open(model, cache, stored, layout, new Placement(Device.cpu(), compute, 2))) {
                program.load(theta);
                loss = program.forwardBackward(batch, gradient);
            }
            Call call = new Call(
                    OpenArguments.of(weights, layout),
                    input.ids(),
                    input.documents(),
                    input.rows(),
                    input.targets(),
                    // The embedding is looked up, the head multiplied: where they are tied, one matrix is both.
                    weights.plan().elements()
                            - (shape.tiedHead() ? 0 : (long) shape.vocabularySize() * shape.hiddenSize()),
                    shape.layers(),
                    shape.queryWidth(),
                    loss);
            Files.write(output.resolve("arguments.json"), Json.bytes(call));
            Files.write(output.resolve("theta.bin"), bytes(theta));
            Files.write(output.resolve("gradient.bin"), bytes(gradient));
        }
    }

    private static byte[] bytes(float[] values) {
        ByteBuffer buffer = ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        buffer.asFloatBuffer().put(values);
        return buffer.array();
    }
}
