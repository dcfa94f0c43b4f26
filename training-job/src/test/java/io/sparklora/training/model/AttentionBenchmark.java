package io.sparklora.training.model;

import ai.djl.Device;
import io.sparklora.pipeline.adapter.ComputeType;
import io.sparklora.pipeline.basemodel.DecoderShape;
import io.sparklora.training.lora.LoraLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * The time of one training pass against the length of the documents that a fixed number of tokens is made of: attention
 * costs what lies inside documents, so the time above that of the shortest documents falls with their length. Four layers
 * of SmolLM2-135M's width and a small vocabulary, so that attention shows; the lengths take turns, and the medians are
 * printed with attention's share of products at each length.
 *
 * <p>Arguments: cache directory, tokens, rounds, threads.
 */
final class AttentionBenchmark {
    private static final DecoderShape SHAPE =
            new DecoderShape("llama", 576, 1536, 4, 9, 3, 64, 512, 8_192, 100_000, Optional.empty(), 1e-5, true);
    private static final int SHORTEST = 64;

    private AttentionBenchmark() {}

    public static void main(String[] arguments) {
        int tokens = Integer.parseInt(arguments[1]);
        int rounds = Integer.parseInt(arguments[2]);
        int[] lengths = IntStream.iterate(SHORTEST, length -> length <= tokens, length -> length * 2)
                .toArray();
        double[][] seconds = new double[lengths.length][rounds];
        LoraLayout layout = LoraLayout.uniform(SHAPE, 8, 2, List.of("all-linear"));
        Placement placement = new Placement(Device.cpu(), ComputeType.FP32, Integer.parseInt(arguments[3]));
        try (TorchScriptProgram program = TorchScriptProgram.open(
                new RandomLlama(SHAPE, 1), Path.of(arguments[0]), WeightType.BF16, layout, placement)) {
            program.load(Adapters.random(layout, 1));
            float[] gradient = new float[layout.parameterCount()];
            program.forwardBackward(batch(tokens, SHORTEST), gradient);
            for (int round = 0; round < rounds; round++) {
                for (int i = 0; i < lengths.length; i++) {
                    MicroBatch batch = batch(tokens, lengths[i]);
                    long start = System.nanoTime();
                    program.forwardBackward(batch, gradient);
                    seconds[i][round] = (System.nanoTime() - start) / 1e9;
                }
            }
        }
        double first = median(seconds[0]);
        System.out.printf(
                "%d tokens%n%10s %12s %14s %22s%n",
                tokens, "document", "median ms", "above the first", "attention's products");
        for (int i = 0; i < lengths.length; i++) {
            double median = median(seconds[i]);
            System.out.printf(
                    Locale.ROOT,
                    "%10d %12.0f %14.0f %21.1f%%%n",
                    lengths[i],
                    median * 1e3,
                    (median - first) * 1e3,
                    100 * share(lengths[i]));
        }
    }

    private static MicroBatch batch(int tokens, int length) {
        int[] documents = new int[tokens / length];
        Arrays.fill(documents, length);
        return MicroBatches.random(7, SHAPE.vocabularySize(), documents);
    }

    /** Attention's part of the FLOPs of a pass over documents of a length: 12 a pair of positions and query feature. */
    private static double share(int length) {
        double attention = 12.0 * SHAPE.queryWidth() * length / 2;
        double weights = 4.0
                * SHAPE.hiddenSize()
                * (2 * SHAPE.queryWidth() + 2 * SHAPE.keyValueWidth() + 3 * SHAPE.intermediateSize());
        return attention / (attention + weights);
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }
}
