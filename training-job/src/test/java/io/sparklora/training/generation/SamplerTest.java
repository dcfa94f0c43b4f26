package io.sparklora.training.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class SamplerTest {
    private static final int DRAWS = 20_000;
    /** Probabilities 0.1, 0.4, 0.05, 0.3, 0.15. */
    private static final float[] LOGITS = logits(0.1, 0.4, 0.05, 0.3, 0.15);

    @Test
    void takesTheHighestLogitAtTemperatureZero() {
        assertThat(new Sampler(Sampling.GREEDY, 1).next(LOGITS)).isEqualTo(1);
    }

    @Test
    void takesTheLowestIdAmongEqualLogits() {
        assertThat(new Sampler(Sampling.GREEDY, 1).next(new float[] {-1, 2, 2, 2}))
                .isEqualTo(1);
        assertThat(new Sampler(new Sampling(1, 1, 1), 1).next(new float[] {-1, -0.0f, 0.0f}))
                .isEqualTo(1);
    }

    @Test
    void drawsEachTokenAsOftenAsItIsProbable() {
        assertFrequencies(new Sampling(1, 0, 1), 0.1, 0.4, 0.05, 0.3, 0.15);
    }

    @Test
    void flattensWithTheTemperature() {
        double[] roots =
                DoubleStream.of(0.1, 0.4, 0.05, 0.3, 0.15).map(Math::sqrt).toArray();
        double sum = DoubleStream.of(roots).sum();

        assertFrequencies(
                new Sampling(2, 0, 1),
                DoubleStream.of(roots).map(root -> root / sum).toArray());
    }

    @Test
    void keepsTheKMostProbable() {
        assertFrequencies(new Sampling(1, 2, 1), 0, 4 / 7.0, 0, 3 / 7.0, 0);
    }

    @ParameterizedTest
    @CsvSource({"0.39, 1", "0.41, 2", "0.69, 2", "0.71, 3", "0.86, 4", "0.951, 5", "0.0001, 1"})
    void keepsTheFewestThatReachP(double p, int expected) {
        Sampler sampler = new Sampler(new Sampling(1, 0, p), 5);

        assertThat(IntStream.range(0, 2_000)
                        .map(i -> sampler.next(LOGITS))
                        .distinct()
                        .count())
                .isEqualTo(expected);
    }

    @Test
    void measuresPAmongTheKMostProbable() {
        // Of 4/7 and 3/7 the first alone reaches 0.57; of all five it would not.
        assertFrequencies(new Sampling(1, 2, 0.57), 0, 1, 0, 0, 0);
    }

    @Test
    void drawsTheSameForTheSameSeedAndOthersForAnother() {
        Sampling sampling = new Sampling(0.8, 50, 0.95);
        float[] logits = random(1_000);

        assertThat(draws(sampling, 7, logits)).isEqualTo(draws(sampling, 7, logits));
        assertThat(draws(sampling, 7, logits)).isNotEqualTo(draws(sampling, 8, logits));
    }

    @Test
    void agreesWithANaiveChoiceOfTheKMostProbable() {
        float[] logits = random(500);
        int[] sorted = IntStream.range(0, 500)
                .boxed()
                .sorted((a, b) -> Float.compare(logits[b], logits[a]))
                .mapToInt(i -> i)
                .toArray();
        Sampler sampler = new Sampler(new Sampling(3, 10, 1), 3);

        int[] drawn = IntStream.range(0, 5_000)
                .map(i -> sampler.next(logits))
                .distinct()
                .sorted()
                .toArray();

        int[] expected = Arrays.copyOf(sorted, 10);
        Arrays.sort(expected);
        assertThat(drawn).isEqualTo(expected);
    }

    @Test
    void neverDrawsATokenOfNoProbability() {
        float none = Float.NEGATIVE_INFINITY;
        Sampler sampler = new Sampler(new Sampling(1, 0, 1), 9);

        assertThat(IntStream.range(0, 1_000).map(i -> sampler.next(new float[] {none, 0, none, 0, none})))
                .containsOnly(1, 3);
    }

    @Test
    void leavesTheLogitsAlone() {
        float[] logits = LOGITS.clone();

        new Sampler(new Sampling(0.5, 3, 0.9), 1).next(logits);

        assertThat(logits).isEqualTo(LOGITS);
    }

    @Test
    void refusesLogitsThatAreNoNumbers() {
        Sampler sampler = new Sampler(Sampling.GREEDY, 1);

        assertThatThrownBy(() -> sampler.next(new float[] {1, Float.NaN}))
                .isInstanceOf(ArithmeticException.class)
                .hasMessage("the logit of token 1 is NaN");
        assertThatThrownBy(() -> sampler.next(new float[] {Float.NEGATIVE_INFINITY}))
                .hasMessage("the logits of all 1 tokens are negative infinity");
    }

    @ParameterizedTest
    @ValueSource(doubles = {-0.1, Double.NaN, Double.POSITIVE_INFINITY})
    void refusesATemperatureOutOfRange(double temperature) {
        assertThatThrownBy(() -> new Sampling(temperature, 0, 1))
                .hasMessage("temperature must be at least 0 but was " + temperature);
    }

    @Test
    void refusesCutsOutOfRange() {
        assertThatThrownBy(() -> new Sampling(1, -1, 1)).hasMessage("top-k must be at least 0 but was -1");
        assertThatThrownBy(() -> new Sampling(1, 0, 0)).hasMessage("top-p must be above 0 and at most 1 but was 0.0");
        assertThatThrownBy(() -> new Sampling(1, 0, 1.1)).hasMessageContaining("but was 1.1");
    }

    private static int[] draws(Sampling sampling, long seed, float[] logits) {
        Sampler sampler = new Sampler(sampling, seed);
        return IntStream.range(0, 100).map(i -> sampler.next(logits)).toArray();
    }

    private static void assertFrequencies(Sampling sampling, double... expected) {
        Sampler sampler = new Sampler(sampling, 11);
        int[] counts = new int[LOGITS.length];
        for (int i = 0; i < DRAWS; i++) {
            counts[sampler.next(LOGITS)]++;
        }
        for (int id = 0; id < counts.length; id++) {
            // Five standard errors.
            double error = 5 * Math.sqrt(expected[id] * (1 - expected[id]) / DRAWS);
            assertThat(counts[id] / (double) DRAWS).isCloseTo(expected[id], within(error));
        }
    }

    private static float[] logits(double... probabilities) {
        float[] logits = new float[probabilities.length];
        for (int id = 0; id < logits.length; id++) {
            logits[id] = (float) Math.log(probabilities[id]) + 3;
        }
        return logits;
    }

    private static float[] random(int tokens) {
        Random random = new Random(1);
        float[] logits = new float[tokens];
        for (int id = 0; id < tokens; id++) {
            logits[id] = (float) random.nextGaussian();
        }
        return logits;
    }
}
