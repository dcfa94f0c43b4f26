package io.sparklora.training.model;

import ai.djl.Device;
import io.sparklora.pipeline.adapter.AdapterShape;
import io.sparklora.pipeline.adapter.ComputeType;
import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.training.lora.LoraLayout;
import io.sparklora.training.lora.PeftConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * The most memory that training steps take outside the heap: two steps in this process, which is to be started with a heap
 * that is touched whole ({@code -Xms} as {@code -Xmx}, {@code -XX:+AlwaysPreTouch}), so that what the heap takes is known.
 * Prints the peak less the heap, KiB.
 *
 * <p>Arguments: base model (a path, {@code random} for weights of SmolLM2-135M's shape, or {@code tiny} for what a process
 * with libtorch takes by itself), cache directory, fp32 or bf16 weights, fp32 or bf16 products, rows, tokens a row, layers
 * held at a time, targets with commas, modules to save with commas.
 */
final class MemoryBenchmark {
    private MemoryBenchmark() {}

    public static void main(String[] arguments) throws IOException {
        WeightType stored = WeightType.valueOf(arguments[2].toUpperCase(Locale.ROOT));
        ComputeType compute = ComputeType.valueOf(arguments[3].toUpperCase(Locale.ROOT));
        int rows = Integer.parseInt(arguments[4]);
        int length = Integer.parseInt(arguments[5]);
        TrainingOptions options = new TrainingOptions(0, Integer.parseInt(arguments[6]));
        AdapterShape shape = AdapterShape.plain(8, 16, names(arguments[7])).saving(names(arguments[8]));
        try (BaseModel model = model(arguments[0])) {
            LoraLayout layout = new PeftConfig("base", shape).layout(model.shape());
            Placement placement = new Placement(Device.cpu(), compute, 2);
            try (TorchScriptProgram program =
                    TorchScriptProgram.open(model, Path.of(arguments[1]), stored, layout, placement, options)) {
                float[] parameters = new float[layout.parameterCount()];
                float[] gradient = new float[parameters.length];
                int[][] all = new int[rows][];
                Arrays.fill(all, new int[] {length});
                MicroBatch batch = MicroBatches.random(7, model.shape().vocabularySize(), all);
                for (int step = 0; step < 2; step++) {
                    program.load(parameters);
                    program.forwardBackward(batch, gradient);
                }
            }
        }
        long heap = Runtime.getRuntime().totalMemory() >> 10;
        System.out.println("outside-heap-kibibytes " + (ProcessMemory.kibibytes("VmHWM") - heap) + " file "
                + ProcessMemory.kibibytes("RssFile"));
    }

    private static List<String> names(String words) {
        return words.isEmpty() ? List.of() : List.of(words.split(","));
    }

    private static BaseModel model(String name) {
        return switch (name) {
            case "random" -> new RandomLlama(RandomLlama.smolLm2(), 1);
            case "tiny" -> new RandomLlama(RandomLlama.deep(2), 1);
            default -> BaseModel.open(Path.of(name));
        };
    }
}
