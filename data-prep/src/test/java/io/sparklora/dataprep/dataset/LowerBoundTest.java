package io.sparklora.dataprep.dataset;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class LowerBoundTest {
    @Test
    void isNeverAboveTheBestNorBelowTheTokens() {
        Random random = new Random(3);
        for (int run = 0; run < 2000; run++) {
            int sequenceLength = 3 + random.nextInt(12);
            int[] lengths =
                    random.ints(random.nextInt(8), 1, 2 * sequenceLength).toArray();
            int[] rests = Arrays.stream(lengths)
                    .map(length -> length % sequenceLength)
                    .filter(rest -> rest > 0)
                    .toArray();
            int whole = Arrays.stream(lengths)
                    .map(length -> length / sequenceLength)
                    .sum();

            long bound = LowerBound.of(lengths, sequenceLength);

            assertThat(bound)
                    .as(Arrays.toString(lengths) + " into " + sequenceLength)
                    .isLessThanOrEqualTo(whole + fewest(rests, 0, new int[rests.length], sequenceLength))
                    .isGreaterThanOrEqualTo((Arrays.stream(lengths).sum() + sequenceLength - 1) / sequenceLength);
        }
    }

    @Test
    void seesThatLargeRestsDoNotShare() {
        // 33 tokens would go into four sequences of ten.
        assertThat(LowerBound.of(new int[] {6, 6, 6, 7, 8}, 10)).isEqualTo(5);
        assertThat(LowerBound.of(new int[] {6, 6, 5, 5, 5}, 10)).isEqualTo(4);
        assertThat(LowerBound.of(new int[] {25, 5, 10}, 10)).isEqualTo(4);
        assertThat(LowerBound.of(new int[0], 512)).isZero();
    }

    /** Tries every sequence for every rest. */
    private static int fewest(int[] rests, int next, int[] filled, int sequenceLength) {
        if (next == rests.length) {
            return (int) Arrays.stream(filled).filter(tokens -> tokens > 0).count();
        }
        int best = Integer.MAX_VALUE;
        for (int sequence = 0; sequence < filled.length; sequence++) {
            boolean isFirstEmpty = filled[sequence] == 0;
            if (filled[sequence] + rests[next] <= sequenceLength) {
                filled[sequence] += rests[next];
                best = Math.min(best, fewest(rests, next + 1, filled, sequenceLength));
                filled[sequence] -= rests[next];
            }
            if (isFirstEmpty) {
                break;
            }
        }
        return best;
    }
}
