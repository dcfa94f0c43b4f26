package io.sparklora.training.model;

import ai.djl.Device;
import io.sparklora.pipeline.adapter.ComputeType;
import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.training.lora.LoraLayout;
import io.sparklora.training.optimizer.AdamW;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Random;

/**
 * One training step a line of standard input, so that a peer's steps can be run in between: answers each line with the
 * step's seconds by the clock and of CPU time and, at the end of input, prints the process's peak memory. {@code interop/benchmark_step} drives it. A
 * step is forward, backward and AdamW.
 *
 * <p>Arguments: base model (a path, or {@code random} for weights of SmolLM2-135M's shape), cache directory, fp32 or
 * bf16, rows, tokens a row, threads.
 */
final class StepBenchmark {
    private StepBenchmark() {}

    public static void main(String[] arguments) throws IOException {
        WeightType stored = WeightType.valueOf(arguments[2].toUpperCase(Locale.ROOT));
        int rows = Integer.parseInt(arguments[3]);
        int length = Integer.parseInt(arguments[4]);
        Placement placement =
                new Placement(Device.cpu(), ComputeType.ofProcessor(stored.dtype()), Integer.parseInt(arguments[5]));
        try (BaseModel model = arguments[0].equals("random")
                ? new RandomLlama(RandomLlama.smolLm2(), 1)
                : BaseModel.open(Path.of(arguments[0]))) {
            LoraLayout layout = LoraLayout.uniform(model.shape(), 8, 2, List.of("all-linear"));
            try (TorchScriptProgram program =
                    TorchScriptProgram.open(model, Path.of(arguments[1]), stored, layout, placement)) {
                serve(program, layout, batch(rows, length));
            }
        }
    }

    private static MicroBatch batch(int rows, int length) {
        Random random = new Random(7);
        int[] ids = random.ints((long) rows * length, 10, 49_000).toArray();
        int[] labels = ids.clone();
        int[][] documents = new int[rows][];
        for (int row = 0; row < rows; row++) {
            labels[row * length] = MicroBatch.IGNORED;
            documents[row] = new int[] {length};
        }
        return new MicroBatch(rows, length, ids, labels, documents);
    }

    private static void serve(TorchScriptProgram program, LoraLayout layout, MicroBatch batch) throws IOException {
        float[] parameters = Adapters.random(layout, 1);
        AdamW optimiser = new AdamW(parameters.length, 0);
        float[] gradient = new float[program.parameterCount()];
        for (int warmUp = 0; warmUp < 2; warmUp++) {
            step(program, parameters, optimiser, batch, gradient);
        }
        System.out.println("ready " + program.arithmetic().compute());
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        while (lines.readLine() != null) {
            long start = System.nanoTime();
            long startCpu = processCpuNanos();
            step(program, parameters, optimiser, batch, gradient);
            System.out.println((System.nanoTime() - start) / 1e9 + " " + (processCpuNanos() - startCpu) / 1e9);
        }
        System.out.println("peak-kilobytes " + ProcessMemory.kibibytes("VmHWM"));
    }

    private static void step(
            TorchScriptProgram program, float[] parameters, AdamW optimiser, MicroBatch batch, float[] gradient) {
        program.load(parameters);
        program.forwardBackward(batch, gradient);
        float perToken = 1f / batch.supervisedTokens();
        for (int i = 0; i < gradient.length; i++) {
            gradient[i] *= perToken;
        }
        optimiser.step(parameters, gradient, 1e-4);
    }

    /** CPU time of all threads: steadier than the clock on a machine that others use too. */
    private static long processCpuNanos() {
        return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
                .getProcessCpuTime();
    }
}
