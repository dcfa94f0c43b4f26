package io.sparklora.pipeline.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparklora.pipeline.dataset.DatasetStatistics.Bin;
import io.sparklora.pipeline.dataset.DatasetStatistics.Lengths;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class DatasetStatisticsTest {
    @Test
    void countsLengthsInPowersOfTwoFromTheShortestToTheLongest() {
        assertThat(Lengths.of(new int[] {40, 5, 7, 8}))
                .isEqualTo(new Lengths(
                        5,
                        7,
                        40,
                        40,
                        List.of(new Bin(4, 7, 2), new Bin(8, 15, 1), new Bin(16, 31, 0), new Bin(32, 63, 1))));
    }

    @Test
    void takesTheShortestAndTheLongestThatCanBe() {
        Lengths lengths = Lengths.of(new int[] {Integer.MAX_VALUE, 1});

        assertThat(lengths.histogram())
                .hasSize(31)
                .startsWith(new Bin(1, 1, 1))
                .endsWith(new Bin(1 << 30, Integer.MAX_VALUE, 1));
        assertThat(Lengths.of(new int[0])).isEqualTo(new Lengths(0, 0, 0, 0, List.of()));
    }

    @Test
    void noMoreThanTheNamedShareIsShorter() {
        Random random = new Random(5);
        for (int documents = 1; documents < 60; documents++) {
            int[] lengths = random.ints(documents, 1, 40).toArray();

            Lengths counted = Lengths.of(lengths.clone());

            assertQuantile(lengths, counted.median(), 50);
            assertQuantile(lengths, counted.percentile95(), 95);
            assertThat(counted.histogram().stream().mapToLong(Bin::documents).sum())
                    .isEqualTo(documents);
        }
    }

    private static void assertQuantile(int[] lengths, int quantile, int percent) {
        long noLonger =
                IntStream.of(lengths).filter(length -> length <= quantile).count();
        long shorter = IntStream.of(lengths).filter(length -> length < quantile).count();
        assertThat(100 * noLonger).isGreaterThanOrEqualTo((long) percent * lengths.length);
        assertThat(100 * shorter).isLessThan((long) percent * lengths.length);
    }

    @Test
    void refusesADocumentWithoutTokens() {
        assertThatThrownBy(() -> Lengths.of(new int[] {3, 0}))
                .hasMessage("a document must have at least 1 token but one has 0");
    }
}
