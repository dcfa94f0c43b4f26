package io.sparklora.training.model;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import io.sparklora.pipeline.adapter.ComputeType;
import io.sparklora.pipeline.basemodel.DecoderShape;
import io.sparklora.pipeline.config.TrainConfig.Schedule;
import io.sparklora.training.lora.LoraInitializer;
import io.sparklora.training.lora.LoraLayout;
import io.sparklora.training.optimizer.AdamW;
import io.sparklora.training.optimizer.GradientClip;
import io.sparklora.training.optimizer.LearningRate;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A whole training with the real engine over a small random model: what it must reach, and what it must leave alone. */
final class LearnsByHeartTest {
    private static final int SAMPLES = 32;
    private static final int LENGTH = 12;
    private static final int STEPS = 120;
    private static final int VOCABULARY = 97;

    /** Wide enough that a hidden state can point to one token of the vocabulary alone. */
    private static final RandomLlama MODEL = new RandomLlama(
            new DecoderShape("llama", 128, 192, 2, 4, 2, 32, VOCABULARY, 256, 10_000, Optional.empty(), 1e-5, false),
            11);

    private static final LoraLayout LAYOUT = LoraLayout.uniform(MODEL.shape(), 16, 1, List.of("all-linear"));

    @TempDir
    private Path cache;

    @Test
    void learnsThirtyTwoSamplesByHeartAndLeavesTheBaseAsItWas() {
        MicroBatch samples = samples();
        Placement placement = new Placement(Device.cpu(), ComputeType.FP32, 1);
        try (TorchScriptProgram program = TorchScriptProgram.open(MODEL, cache, WeightType.BF16, LAYOUT, placement)) {
            Map<String, Long> files = checksums();
            double base = program.baseLossSum(samples);

            double loss = train(program, samples);

            System.out.printf("%d samples by heart: loss %.5f%n", SAMPLES, loss);
            assertThat(loss).isLessThan(0.05);
            assertThat(checksums()).isEqualTo(files).hasSizeGreaterThan(2);
            assertThat(program.baseLossSum(samples)).isEqualTo(base);
        }
    }

    /** Begins with a token of its own, so that nothing but the sample decides what follows. */
    private static MicroBatch samples() {
        Random random = new Random(5);
        int[] ids = random.ints((long) SAMPLES * LENGTH, 0, VOCABULARY).toArray();
        int[] labels = ids.clone();
        for (int sample = 0; sample < SAMPLES; sample++) {
            ids[sample * LENGTH] = sample;
            labels[sample * LENGTH] = MicroBatch.IGNORED;
        }
        int[][] documents = new int[SAMPLES][];
        Arrays.fill(documents, new int[] {LENGTH});
        return new MicroBatch(SAMPLES, LENGTH, ids, labels, documents);
    }

    /** Returns the mean loss after the last step. */
    private static double train(TorchScriptProgram program, MicroBatch batch) {
        float[] parameters = LoraInitializer.seeded(3).initial(LAYOUT);
        float[] gradient = new float[parameters.length];
        AdamW optimiser = new AdamW(parameters.length, 0);
        LearningRate rate = LearningRate.of(0.01, Schedule.COSINE, 0.05, 0, STEPS);
        for (int step = 0; step < STEPS; step++) {
            program.load(parameters);
            program.forwardBackward(batch, gradient);
            for (int i = 0; i < gradient.length; i++) {
                gradient[i] /= batch.supervisedTokens();
            }
            new GradientClip(1).clip(gradient);
            optimiser.step(parameters, gradient, rate.at(step));
        }
        program.load(parameters);
        return program.lossSum(batch) / batch.supervisedTokens();
    }

    private Map<String, Long> checksums() {
        Map<String, Long> checksums = new TreeMap<>();
        try (Stream<Path> files = Files.walk(cache)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                CRC32C checksum = new CRC32C();
                checksum.update(Files.readAllBytes(file));
                checksums.put(file.toString(), checksum.getValue());
            }
            return checksums;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
