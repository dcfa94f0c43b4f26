package io.sparklora.training.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import io.sparklora.pipeline.adapter.AdapterShape;
import io.sparklora.pipeline.adapter.ComputeType;
import io.sparklora.training.lora.LoraInitializer;
import io.sparklora.training.lora.LoraLayout;
import io.sparklora.training.lora.PeftConfig;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** An embedding and a head that are trained whole, over a base that ties them; PEFT's figures are in VariantParityTest. */
final class SavedModulesTest {
    private static final RandomLlama MODEL = new RandomLlama(RandomLlama.tiny(4, 2, true, Optional.empty()), 3);
    private static final LoraLayout LAYOUT = new PeftConfig(
                    "base", AdapterShape.plain(2, 4, List.of("q_proj")).saving(List.of("embed_tokens", "lm_head")))
            .layout(MODEL.shape());
    private static final MicroBatch BATCH = MicroBatches.random(5, 97, new int[] {20, 12}, new int[] {32});

    @TempDir
    private Path cache;

    @ParameterizedTest
    @EnumSource
    void startAsTheBaseAndLeaveItAlone(WeightType stored) {
        float[] parameters = LoraInitializer.seeded(1).initial(LAYOUT);
        new BaseCopies(MODEL, stored).fill(LAYOUT, parameters);
        try (TorchScriptProgram program = open(stored, ComputeType.FP32, TrainingOptions.PLAIN)) {
            program.load(parameters);
            double base = program.baseLossSum(BATCH);
            assertThat(program.lossSum(BATCH)).isCloseTo(base, within(1e-4));

            for (int i = LAYOUT.saved().get(0).offset(); i < parameters.length; i++) {
                parameters[i] *= 1 + i % 7;
            }
            program.load(parameters);

            assertThat(program.baseLossSum(BATCH)).isEqualTo(base);
            assertThat(program.lossSum(BATCH)).isNotCloseTo(base, within(1.0));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void gradientsAreTheSameBitsWhereActivationsAreComputedAgain(int segment) {
        assertThat(gradient(WeightType.FP32, ComputeType.FP32, new TrainingOptions(0, segment)))
                .isEqualTo(gradient(WeightType.FP32, ComputeType.FP32, TrainingOptions.PLAIN));
    }

    @Test
    void gradientsInBf16AreNearlyThoseInFp32() {
        float[] exact = gradient(WeightType.BF16, ComputeType.FP32, TrainingOptions.PLAIN);

        assertThat(Distances.relative(gradient(WeightType.BF16, ComputeType.BF16, TrainingOptions.PLAIN), exact))
                .isLessThan(0.05);
    }

    private float[] gradient(WeightType stored, ComputeType compute, TrainingOptions options) {
        float[] parameters = Adapters.random(LAYOUT, 2);
        new BaseCopies(MODEL, stored).fill(LAYOUT, parameters);
        float[] gradient = new float[parameters.length];
        try (TorchScriptProgram program = open(stored, compute, options)) {
            program.load(parameters);
            program.forwardBackward(BATCH, gradient);
        }
        return gradient;
    }

    private TorchScriptProgram open(WeightType stored, ComputeType compute, TrainingOptions options) {
        return TorchScriptProgram.open(MODEL, cache, stored, LAYOUT, new Placement(Device.cpu(), compute, 1), options);
    }
}
