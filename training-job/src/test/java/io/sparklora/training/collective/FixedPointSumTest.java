package io.sparklora.training.collective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.sparklora.training.collective.FixedPointSum.BatchSum;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FixedPointSumTest {
    private static final int PARAMETERS = 257;
    private static final int BATCHES = 13;

    private record Micro(float[] gradient, double loss, int tokens) {}

    private record Result(BatchSum sum, int gradientHash) {}

    /** Gradients over twenty orders of magnitude, whose float sum would depend on the order. */
    private static List<Micro> microBatches(long seed) {
        Random random = new Random(seed);
        List<Micro> batches = new ArrayList<>();
        for (int batch = 0; batch < BATCHES; batch++) {
            float[] gradient = new float[PARAMETERS];
            for (int i = 0; i < PARAMETERS; i++) {
                gradient[i] = (float) (random.nextGaussian() * Math.pow(10, random.nextInt(20) - 18));
            }
            batches.add(new Micro(gradient, random.nextDouble() * 3000, random.nextInt(512)));
        }
        return batches;
    }

    private static Result reduce(Collective collective, List<Micro> own, int total) {
        FixedPointSum sum = new FixedPointSum(PARAMETERS);
        float[] mean = new float[PARAMETERS];
        sum.add(1, gradient -> 7);
        sum.clear();
        for (Micro micro : own) {
            sum.add(micro.tokens(), gradient -> {
                System.arraycopy(micro.gradient(), 0, gradient, 0, PARAMETERS);
                return micro.loss();
            });
        }
        BatchSum result = sum.reduce(collective, 1, total, mean);
        return new Result(result, Arrays.hashCode(mean));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 8})
    void givesTheSameBytesHoweverMicroBatchesAreDealtToRanks(int world) throws Exception {
        for (int seed = 0; seed < 5; seed++) {
            List<Micro> batches = microBatches(seed);
            Result alone = reduce(new SingleRank(), batches, BATCHES);
            Collections.shuffle(batches, new Random(seed));
            List<Result> results = Ranks.run(world, collective -> {
                List<Micro> own = new ArrayList<>();
                for (int i = collective.rank(); i < BATCHES; i += world) {
                    own.add(batches.get(i));
                }
                return reduce(collective, own, BATCHES);
            });
            assertThat(results).hasSize(world).containsOnly(alone);
        }
    }

    @Test
    void agreesWithASumInDoublePrecision() {
        List<Micro> batches = microBatches(99);
        FixedPointSum sum = new FixedPointSum(PARAMETERS);
        double[] exact = new double[PARAMETERS];
        double loss = 0;
        long tokens = 0;
        for (Micro micro : batches) {
            sum.add(micro.tokens(), gradient -> {
                System.arraycopy(micro.gradient(), 0, gradient, 0, PARAMETERS);
                return micro.loss();
            });
            Arrays.setAll(exact, i -> exact[i] + micro.gradient()[i]);
            loss += micro.loss();
            tokens += micro.tokens();
        }
        float[] mean = new float[PARAMETERS];
        BatchSum total = sum.reduce(new SingleRank(), 1, BATCHES, mean);
        assertThat(total.lossSum()).isCloseTo(loss, within(1e-5));
        assertThat(total.supervisedTokens()).isEqualTo(tokens);
        double largest = Arrays.stream(exact).map(Math::abs).max().orElseThrow();
        for (int i = 0; i < PARAMETERS; i++) {
            assertThat((double) mean[i])
                    .isCloseTo(exact[i] / tokens, within(Math.abs(exact[i]) / tokens * 1e-7 + largest * 1e-17));
        }
    }

    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
    void reportsANonFiniteGradientOfOneRankToAll(float bad) throws Exception {
        List<Result> results = Ranks.run(3, collective -> {
            float[] gradient = new float[PARAMETERS];
            gradient[200] = collective.rank() == 2 ? bad : 1;
            return reduce(collective, List.of(new Micro(gradient, 1, 1)), 3);
        });
        assertThat(results).extracting(result -> result.sum().finite()).containsOnly(false);
    }

    @ParameterizedTest
    @ValueSource(doubles = {Double.NaN, Double.POSITIVE_INFINITY, 1e300})
    void reportsALossOutOfRange(double loss) {
        Result result = reduce(new SingleRank(), List.of(new Micro(new float[PARAMETERS], loss, 1)), 1);
        assertThat(result.sum().finite()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(floats = {Float.MAX_VALUE, Float.MIN_VALUE, Float.MIN_NORMAL, 0f, 1f, 1.9999999f})
    void cannotOverflowWhateverTheMagnitude(float magnitude) {
        FixedPointSum sum = new FixedPointSum(2);
        for (int batch = 0; batch < 1000; batch++) {
            sum.add(1, gradient -> {
                gradient[0] = magnitude;
                gradient[1] = -magnitude;
                return 1;
            });
        }
        float[] mean = new float[2];
        sum.reduce(new SingleRank(), 1, 1000, mean);
        assertThat(mean).isEqualTo(new float[] {magnitude, 0 - magnitude});
    }

    /** The most that there can be: every term the largest of its binade, of one sign, in a full power of two of batches. */
    @ParameterizedTest
    @CsvSource({"1,8", "2,8", "5,128", "8,1024"})
    void neverWrapsAtTheEdgeOfTheScale(int world, int microBatches) throws Exception {
        float[] extremes = {Float.MAX_VALUE, -Float.MAX_VALUE, Math.nextDown(1f), Float.MIN_VALUE, -0f};
        for (float scale : new float[] {1, 0x1p-100f, 0x1p-149f}) {
            List<Result> results = Ranks.run(world, collective -> {
                FixedPointSum sum = new FixedPointSum(extremes.length);
                for (int batch = collective.rank(); batch < microBatches; batch += world) {
                    sum.add(1, gradient -> {
                        for (int i = 0; i < extremes.length; i++) {
                            gradient[i] = extremes[i] * scale;
                        }
                        return 0x1p41 / microBatches;
                    });
                }
                float[] mean = new float[extremes.length];
                BatchSum total = sum.reduce(collective, 1, microBatches, mean);
                return new Result(total, Arrays.hashCode(mean));
            });
            // The mean of equal terms is the term, but for what lies below the scale's unit.
            float[] expected = new float[extremes.length];
            int exponent = results.get(0).sum().scaleExponent();
            for (int i = 0; i < extremes.length; i++) {
                double unit = Math.scalb(1.0, -exponent);
                expected[i] = (float) (Math.rint(extremes[i] * scale / unit) * unit) + 0f;
            }
            assertThat(results)
                    .hasSize(world)
                    .allSatisfy(result -> assertThat(result.sum().finite()).isTrue())
                    .extracting(Result::gradientHash)
                    .containsOnly(Arrays.hashCode(expected));
            assertThat(results.get(0).sum().lossSum()).isEqualTo(0x1p41);
        }
    }

    @Test
    void givesZerosWhereNothingIsSupervised() {
        float[] mean = {1, 1};
        FixedPointSum sum = new FixedPointSum(2);
        BatchSum total = sum.reduce(new SingleRank(), 1, 4, mean);
        assertThat(total).isEqualTo(new BatchSum(true, 0, 0, total.scaleExponent()));
        assertThat(total.meanLoss()).isZero();
        assertThat(mean).containsOnly(0);
    }
}
