package io.sparklora.training.model;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import io.sparklora.pipeline.adapter.ComputeType;
import io.sparklora.training.lora.LoraLayout;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The same micro-batch gives the same bytes: again, after other work, in another process. */
final class ReproducibilityTest {
    /** Wide enough that the products are cut into blocks. */
    private static final RandomLlama MODEL = new RandomLlama(RandomLlama.tiny(40, 8, true, Optional.empty()), 3);

    private static final MicroBatch BATCH = MicroBatches.random(5, 97, new int[] {100, 61}, new int[] {161});

    @Test
    void repeatsItself(@TempDir Path cache) {
        try (TorchScriptProgram program = open(cache)) {
            String first = digest(program, BATCH);
            digest(program, MicroBatches.random(6, 97, new int[] {33}));
            program.lossSum(BATCH);

            assertThat(digest(program, BATCH)).isEqualTo(first);
        }
    }

    @Test
    void givesTheSameBytesInAnotherProcess(@TempDir Path cache) throws IOException, InterruptedException {
        String here;
        try (TorchScriptProgram program = open(cache)) {
            here = digest(program, BATCH);
        }
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Dai.djl.offline=true",
                        "-cp",
                        System.getProperty("java.class.path"),
                        ReproducibilityTest.class.getName(),
                        cache.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String there = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

        assertThat(process.waitFor()).isZero();
        assertThat(there.strip()).endsWith(here);
    }

    /** The other process. */
    public static void main(String[] arguments) {
        try (TorchScriptProgram program = open(Path.of(arguments[0]))) {
            System.out.println(digest(program, BATCH));
        }
    }

    private static TorchScriptProgram open(Path cache) {
        LoraLayout layout = LoraLayout.uniform(MODEL.shape(), 4, 2, List.of("all-linear"));
        Placement placement = new Placement(Device.cpu(), ComputeType.FP32, 2);
        TorchScriptProgram program = TorchScriptProgram.open(MODEL, cache, WeightType.BF16, layout, placement);
        program.load(Adapters.random(layout, 4));
        return program;
    }

    private static String digest(TorchScriptProgram program, MicroBatch batch) {
        float[] gradient = new float[program.parameterCount()];
        double loss = program.forwardBackward(batch, gradient);
        ByteBuffer bytes = ByteBuffer.allocate(Double.BYTES + gradient.length * Float.BYTES);
        bytes.putDouble(loss).asFloatBuffer().put(gradient);
        CRC32C checksum = new CRC32C();
        checksum.update(bytes.rewind());
        return "digest " + checksum.getValue();
    }
}
