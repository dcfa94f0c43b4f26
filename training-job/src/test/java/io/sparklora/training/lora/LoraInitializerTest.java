package io.sparklora.training.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.sparklora.pipeline.basemodel.DecoderShape;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class LoraInitializerTest {
    private static final DecoderShape SHAPE =
            new DecoderShape("llama", 64, 128, 2, 4, 2, 16, 300, 512, 10_000, Optional.empty(), 1e-5, true);
    private static final LoraLayout ALL = LoraLayout.uniform(SHAPE, 8, 2, List.of("all-linear"));

    @Test
    void drawsAUniformlyBetweenMinusAndPlusOneOverTheSquareRootOfTheInputs() {
        float[] parameters = LoraInitializer.seeded(17).initial(ALL);

        for (LoraEntry entry : ALL.entries()) {
            if (entry.matrix() == LoraMatrix.A) {
                double bound = 1 / Math.sqrt(entry.columns());
                double[] a = values(parameters, entry);
                assertThat(Arrays.stream(a).max().orElseThrow()).isBetween(0.97 * bound, bound);
                assertThat(Arrays.stream(a).min().orElseThrow()).isBetween(-bound, -0.97 * bound);
                // Five standard errors of the mean and of the mean square of a uniform distribution.
                assertThat(Arrays.stream(a).average().orElseThrow())
                        .isCloseTo(0, within(5 * bound / Math.sqrt(3.0 * a.length)));
                assertThat(Arrays.stream(a).map(x -> x * x).average().orElseThrow())
                        .isCloseTo(bound * bound / 3, within(5 * bound * bound * Math.sqrt(4 / 45.0 / a.length)));
            }
        }
    }

    @Test
    void leavesBZero() {
        float[] parameters = LoraInitializer.seeded(17).initial(ALL);

        for (LoraEntry entry : ALL.entries()) {
            if (entry.matrix() == LoraMatrix.B) {
                assertThat(values(parameters, entry)).containsOnly(0);
            }
        }
    }

    @Test
    void givesAMatrixTheSameValuesWhateverElseIsTrained() {
        LoraLayout two = LoraLayout.uniform(SHAPE, 8, 2, List.of("down_proj", "k_proj"));

        Map<String, double[]> all = matrices(LoraInitializer.seeded(3).initial(ALL), ALL);
        Map<String, double[]> some = matrices(LoraInitializer.seeded(3).initial(two), two);

        some.forEach((key, values) -> assertThat(values).isEqualTo(all.get(key)));
    }

    @Test
    void givesEachMatrixAndEachSeedValuesOfItsOwn() {
        Map<String, double[]> one = matrices(LoraInitializer.seeded(1).initial(ALL), ALL);
        Map<String, double[]> other = matrices(LoraInitializer.seeded(2).initial(ALL), ALL);

        assertThat(one.values().stream().map(a -> a[0]).distinct()).hasSameSizeAs(one.keySet());
        one.forEach((key, values) -> assertThat(values).isNotEqualTo(other.get(key)));
    }

    /** The published outputs of SplitMix64 from state 1234567 (rosettacode.org/wiki/Pseudo-random_numbers/Splitmix64). */
    @Test
    void drawsFromSplitMix64() {
        SplitMix64 generator = new SplitMix64(1234567);

        assertThat(List.of(generator.next(), generator.next(), generator.next()))
                .extracting(Long::toUnsignedString)
                .containsExactly("6457827717110365317", "3203168211198807973", "9817491932198370423");
    }

    /** Numbers from a Python transcript of the Javadoc; a change of them changes every adapter that is trained. */
    @Test
    void keepsItsNumbersFromReleaseToRelease() {
        float[] parameters = LoraInitializer.seeded(17).initial(ALL);

        assertThat(Arrays.copyOf(parameters, 3)).containsExactly(0x1.53f14p-4f, 0x1.49159cp-4f, -0x1.ec1008p-5f);
    }

    @Test
    void takesGivenMatrices() {
        LoraLayout layout = LoraLayout.uniform(SHAPE, 2, 2, List.of("q_proj"));
        Map<String, float[]> given = given(layout);

        float[] parameters = LoraInitializer.given(given).initial(layout);

        assertThat(values(parameters, layout.entries().get(0))).containsOnly(1);
        assertThat(values(parameters, layout.entries().get(1))).containsOnly(0);
    }

    @Test
    void refusesGivenMatricesThatAreNotTheLayouts() {
        LoraLayout layout = LoraLayout.uniform(SHAPE, 2, 2, List.of("q_proj"));
        String key = layout.entries().get(0).key();

        Map<String, float[]> missing = given(layout);
        missing.remove(key);
        assertThatThrownBy(() -> LoraInitializer.given(missing).initial(layout))
                .hasMessage("initial tensor " + key + " must have 128 values but is missing");
        Map<String, float[]> shortOne = given(layout);
        shortOne.put(key, new float[127]);
        assertThatThrownBy(() -> LoraInitializer.given(shortOne).initial(layout))
                .hasMessage("initial tensor " + key + " must have 128 values but has 127");
        Map<String, float[]> unknown = given(layout);
        unknown.put("x", new float[1]);
        assertThatThrownBy(() -> LoraInitializer.given(unknown).initial(layout))
                .hasMessage("initial tensors [x] belong to no A of the layout");
    }

    private static Map<String, float[]> given(LoraLayout layout) {
        Map<String, float[]> given = new HashMap<>();
        for (LoraEntry entry : layout.entries()) {
            if (entry.matrix() == LoraMatrix.A) {
                float[] ones = new float[entry.elements()];
                Arrays.fill(ones, 1);
                given.put(entry.key(), ones);
            }
        }
        return given;
    }

    private static Map<String, double[]> matrices(float[] parameters, LoraLayout layout) {
        Map<String, double[]> matrices = new HashMap<>();
        for (LoraEntry entry : layout.entries()) {
            if (entry.matrix() == LoraMatrix.A) {
                matrices.put(entry.key(), values(parameters, entry));
            }
        }
        return matrices;
    }

    private static double[] values(float[] parameters, LoraEntry entry) {
        double[] values = new double[entry.elements()];
        for (int i = 0; i < values.length; i++) {
            values[i] = parameters[entry.offset() + i];
        }
        return values;
    }
}
