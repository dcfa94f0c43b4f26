package io.sparklora.training.model;

import ai.djl.Device;
import io.sparklora.pipeline.adapter.ComputeType;
import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.training.collective.FixedPointSum;
import io.sparklora.training.collective.SingleRank;
import io.sparklora.training.lora.LoraLayout;
import io.sparklora.training.optimizer.AdamW;
import io.sparklora.training.optimizer.GradientClip;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.LongStream;

/**
 * One training step a line of standard input, so that a peer's steps can be run in between: answers each line with seconds: the
 * step's by the clock, of CPU time, and of the clock those in native calls, in the fixed-point sum and clipping, and in AdamW; at
 * the end of input prints the process's peak memory. {@code interop/benchmark_step.py} drives it. A step is what one rank alone
 * does in {@code TrainingLoop}: parameters to the program, forward, backward, sum, clipping, AdamW.
 *
 * <p>Arguments: base model (a path, or {@code random} for weights of SmolLM2-135M's shape), cache directory, fp32 or
 * bf16, rows, tokens a row, threads, layers whose activations are held (0 for all), target modules with commas between.
 */
final class StepBenchmark {
    private static final double NANOS_A_SECOND = 1e9;

    private final TorchScriptProgram program;
    private final MicroBatch batch;
    private final FixedPointSum sum;
    private final AdamW optimiser;
    private final float[] parameters;
    private final float[] gradient;
    private int steps;

    private StepBenchmark(TorchScriptProgram program, LoraLayout layout, MicroBatch batch) {
        this.program = program;
        this.batch = batch;
        this.parameters = Adapters.random(layout, 1);
        this.gradient = new float[parameters.length];
        this.sum = new FixedPointSum(parameters.length);
        this.optimiser = new AdamW(parameters.length, 0);
    }

    public static void main(String[] arguments) throws IOException {
        WeightType stored = WeightType.valueOf(arguments[2].toUpperCase(Locale.ROOT));
        MicroBatch batch = batch(Integer.parseInt(arguments[3]), Integer.parseInt(arguments[4]));
        Placement placement =
                new Placement(Device.cpu(), ComputeType.ofProcessor(stored.dtype()), Integer.parseInt(arguments[5]));
        TrainingOptions options = new TrainingOptions(0, Integer.parseInt(arguments[6]));
        List<String> targets = List.of(arguments[7].split(","));
        try (BaseModel model = arguments[0].equals("random")
                ? new RandomLlama(RandomLlama.smolLm2(), 1)
                : BaseModel.open(Path.of(arguments[0]))) {
            LoraLayout layout = LoraLayout.uniform(model.shape(), 8, 2, targets);
            try (TorchScriptProgram program =
                    TorchScriptProgram.open(model, Path.of(arguments[1]), stored, layout, placement, options)) {
                new StepBenchmark(program, layout, batch).serve();
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

    private void serve() throws IOException {
        for (int warmUp = 0; warmUp < 2; warmUp++) {
            step();
        }
        System.out.println("ready " + program.arithmetic().compute());
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        while (lines.readLine() != null) {
            System.out.println(step());
        }
        System.out.println("peak-kilobytes " + ProcessMemory.kibibytes("VmHWM"));
    }

    private String step() {
        long startCpu = processCpuNanos();
        long startCalls = program.nanosInCalls();
        long start = System.nanoTime();
        program.load(parameters);
        sum.clear();
        sum.add(batch.supervisedTokens(), into -> program.forwardBackward(batch, into));
        long computed = System.nanoTime();
        sum.reduce(new SingleRank(), ++steps, 1, gradient);
        new GradientClip(1).clip(gradient);
        long summed = System.nanoTime();
        optimiser.step(parameters, gradient, 1e-4);
        long end = System.nanoTime();
        return LongStream.of(
                        end - start,
                        processCpuNanos() - startCpu,
                        program.nanosInCalls() - startCalls,
                        summed - computed,
                        end - summed)
                .mapToObj(nanos -> String.valueOf(nanos / NANOS_A_SECOND))
                .collect(Collectors.joining(" "));
    }

    /** CPU time of all threads: steadier than the clock on a machine that others use too. */
    private static long processCpuNanos() {
        return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
                .getProcessCpuTime();
    }
}
