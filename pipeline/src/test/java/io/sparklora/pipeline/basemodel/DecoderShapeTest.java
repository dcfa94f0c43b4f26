package io.sparklora.pipeline.basemodel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class DecoderShapeTest {
    private static DecoderShape shape(int hidden, int heads, int keyValueHeads, int headSize, double theta) {
        return new DecoderShape(
                "llama", hidden, 64, 2, heads, keyValueHeads, headSize, 300, 512, theta, Optional.empty(), 1e-5, true);
    }

    @Test
    void givesWidthsOfProjections() {
        DecoderShape shape = shape(32, 4, 2, 16, 10_000);
        assertThat(shape.queryWidth()).isEqualTo(64);
        assertThat(shape.keyValueWidth()).isEqualTo(32);
    }

    @Test
    void givesFrequenciesOfEachPlane() {
        assertThat(shape(32, 4, 2, 8, 10_000).inverseFrequencies())
                .containsExactly(new double[] {1, 0.1, 0.01, 0.001}, within(1e-15));
    }

    @Test
    void refusesSizesThatNoDecoderHas() {
        assertThatThrownBy(() -> shape(0, 4, 2, 8, 10_000))
                .hasMessage("hidden size must be in [1, 16777216] but was 0");
        assertThatThrownBy(() -> shape(32, 4, 5, 8, 10_000)).hasMessage("key-value heads must be in [1, 4] but was 5");
        assertThatThrownBy(() -> shape(32, 4, 3, 8, 10_000))
                .hasMessage("attention heads must be a multiple of key-value heads but are 4 and 3");
        assertThatThrownBy(() -> shape(32, 4, 2, 7, 10_000)).hasMessage("head size must be even but was 7");
        assertThatThrownBy(() -> shape(32, 4, 2, 8, 1)).hasMessage("rope theta must be above 1 but was 1.0");
        assertThatThrownBy(() -> shape(32, 4, 2, 8, Double.NaN)).hasMessage("rope theta must be above 1 but was NaN");
        assertThatThrownBy(() -> shape(32, 65_536, 1, 65_536, 10_000))
                .hasMessage("width of all heads must be in [2, 16777216] but was 4294967296");
    }

    @Test
    void refusesScalingsThatMakeNoSense() {
        assertThatThrownBy(() -> new RopeScaling.Llama3(0.5, 1, 4, 8192))
                .hasMessage("rope scaling's factor must be at least 1 but was 0.5");
        assertThatThrownBy(() -> new RopeScaling.Llama3(8, 4, 4, 8192))
                .hasMessage("rope scaling's frequency factors must have 0 < low < high but were low 4.0 and high 4.0");
        assertThatThrownBy(() -> new RopeScaling.Llama3(8, 1, 4, 0))
                .hasMessage("rope scaling's original context length must be positive but was 0");
        assertThatThrownBy(() -> new RopeScaling.FrequencyFactors(List.of(1f)).scale(new double[2]))
                .hasMessage("1 frequency factors for 2 frequencies: there must be one for each");
        assertThatThrownBy(() -> new RopeScaling.Yarn(4, 1, 32, true, 8192, 10_000, 1))
                .hasMessage(
                        "rope scaling's beta_slow and beta_fast must have 0 < slow <= fast but were slow 32.0 and fast"
                                + " 1.0");
        assertThatThrownBy(() -> new RopeScaling.Yarn(4, 32, 1, true, 8192, 10_000, 0))
                .hasMessage("rope scaling's attention factor must be above 0 but was 0.0");
        assertThatThrownBy(() -> new RopeScaling.LongRope(List.of(1.0), List.of(1.0, 2.0), 4096, 1))
                .hasMessage("rope scaling's short_factor and long_factor must be equally many but are 1 and 2");
        assertThatThrownBy(() -> new RopeScaling.LongRope(List.of(1.0), List.of(0.0), 4096, 1))
                .hasMessage("rope scaling's short_factor and long_factor must be above 0 but one was 0.0");
        assertThatThrownBy(() -> new Positions.Rotary(OptionalInt.of(3)))
                .hasMessage("rotary positions must turn an even number of a head's elements, at least 2, but 3");
    }

    @Test
    void keepsHashesAndTokensHonest() {
        assertThatThrownBy(() -> new ContentHash("abc"))
                .hasMessage("a content hash must be 64 lower-case hexadecimal digits but was 'abc'");
        assertThatThrownBy(() -> new BaseTensor("w", 2, 48, ElementType.Q4_0))
                .hasMessage("tensor w of type Q4_0 must have columns in blocks of 32 but has 48");
    }
}
