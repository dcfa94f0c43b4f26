package io.sparklora.training.model;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import io.sparklora.pipeline.adapter.ComputeType;
import io.sparklora.training.lora.LoraLayout;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A long run needs no more memory than a short one: in a process of its own, whose heap cannot grow. */
final class MemoryGrowthTest {
    private static final int FIRST = 200;
    private static final int LAST = 2_000;

    /** A tensor of the gradient's size, 15 kB, forgotten in each step would come to 26 MiB; the heap cannot grow. */
    private static final long MOST_KIBIBYTES = 4 << 10;

    /** Micro-batches of several sizes, so that buffers are given back and taken anew. */
    private static final List<MicroBatch> BATCHES = List.of(
            MicroBatches.random(1, 97, new int[] {20, 12}),
            MicroBatches.random(2, 97, new int[] {16}, new int[] {16}),
            MicroBatches.random(3, 97, new int[] {9, 31, 8}));

    @Test
    void twoThousandStepsNeedNoMoreThanTwoHundred(@TempDir Path cache) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xms64m",
                        "-Xmx64m",
                        "-XX:+AlwaysPreTouch",
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-Dai.djl.offline=true",
                        "-cp",
                        System.getProperty("java.class.path"),
                        MemoryGrowthTest.class.getName(),
                        cache.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String last = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                .lines()
                .reduce("", (before, line) -> line);
        System.out.println("steps " + FIRST + " to " + LAST + ": " + last);
        String[] growth = last.split(" ");

        assertThat(process.waitFor()).isZero();
        assertThat(Long.parseLong(growth[0])).as("resident set, KiB").isLessThan(MOST_KIBIBYTES);
        assertThat(growth[2]).as("native arrays").isEqualTo("0");
    }

    /** The other process; its last line is what grew: {@code N KiB, N arrays}. */
    public static void main(String[] arguments) throws IOException {
        RandomLlama model = new RandomLlama(RandomLlama.tiny(4, 2, true, Optional.empty()), 3);
        LoraLayout layout = LoraLayout.uniform(model.shape(), 4, 2, List.of("all-linear"));
        Placement placement = new Placement(Device.cpu(), ComputeType.FP32, 1);
        try (TorchScriptProgram program =
                TorchScriptProgram.open(model, Path.of(arguments[0]), WeightType.BF16, layout, placement)) {
            float[] parameters = Adapters.random(layout, 4);
            float[] gradient = new float[parameters.length];
            steps(program, parameters, gradient, FIRST);
            long resident = ProcessMemory.kibibytes("VmRSS");
            int arrays = program.openResources();
            steps(program, parameters, gradient, LAST - FIRST);
            System.out.println(ProcessMemory.kibibytes("VmRSS") - resident + " KiB, "
                    + (program.openResources() - arrays) + " arrays");
        }
    }

    private static void steps(TorchScriptProgram program, float[] parameters, float[] gradient, int count) {
        for (int step = 0; step < count; step++) {
            MicroBatch batch = BATCHES.get(step % BATCHES.size());
            program.load(parameters);
            program.forwardBackward(batch, step, gradient);
        }
    }
}
