package io.sparklora.training.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import io.sparklora.pipeline.adapter.ComputeType;
import io.sparklora.training.lora.LoraLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class DecoderTest {
    private static final int[] TEXT = MicroBatches.random(8, 97, new int[] {24}).inputIds();

    private TorchScriptProgram program;

    @BeforeEach
    void openProgram(@TempDir Path cache) {
        RandomLlama model = new RandomLlama(RandomLlama.tiny(4, 2, true, Optional.empty()), 3);
        LoraLayout layout = LoraLayout.uniform(model.shape(), 2, 2, List.of("all-linear"));
        program = TorchScriptProgram.open(
                model, cache, WeightType.FP32, layout, new Placement(Device.cpu(), ComputeType.FP32, 1));
        program.load(Adapters.random(layout, 4));
    }

    @AfterEach
    void closeProgram() {
        program.close();
    }

    @Test
    void growsTokenByTokenAsTheWholeTextAtOnce() {
        for (Branches branches : Branches.values()) {
            Decoder decoder = program.decoder(TEXT.length, branches);
            float[] afterPrompt = decoder.append(Arrays.copyOf(TEXT, 10));
            float[] afterPart = decoder.append(Arrays.copyOfRange(TEXT, 10, 15));
            float[] last = afterPart;
            for (int token = 15; token < TEXT.length; token++) {
                last = decoder.append(TEXT[token]);
            }

            assertThat(Distances.relative(afterPrompt, whole(10, branches))).isLessThan(2e-6);
            assertThat(Distances.relative(afterPart, whole(15, branches))).isLessThan(2e-6);
            assertThat(Distances.relative(last, whole(TEXT.length, branches))).isLessThan(2e-6);
            assertThat(decoder.length()).isEqualTo(TEXT.length);
        }
    }

    private float[] whole(int length, Branches branches) {
        int[] ids = Arrays.copyOf(TEXT, length);
        MicroBatch batch = new MicroBatch(1, length, ids, ids.clone(), new int[][] {{length}});
        batch.labels()[0] = MicroBatch.IGNORED;
        return program.logits(batch, new int[] {length - 1}, branches);
    }

    @Test
    void refusesWhatHasNoRoom() {
        assertThatThrownBy(() -> program.decoder(257, Branches.BASE))
                .hasMessage("a decoder's capacity must be in [1, 256], the model's context, but was 257");
        Decoder decoder = program.decoder(4, Branches.BASE);
        decoder.append(1, 2, 3);

        assertThatThrownBy(() -> decoder.append(4, 5))
                .hasMessage("a decoder with 3 of 4 tokens takes 1 to 1 more but was given 2");
        assertThatThrownBy(() -> decoder.append(97)).hasMessage("id must be in [0, 96] but was 97");
        assertThatThrownBy(decoder::append).hasMessageContaining("was given 0");
    }

    @Test
    void endsWhenAnotherBegins() {
        Decoder first = program.decoder(4, Branches.BASE);
        program.decoder(4, Branches.BASE);

        assertThatThrownBy(() -> first.append(1)).isInstanceOf(IllegalStateException.class);
    }
}
