package io.sparklora.dataprep.duplicate;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

final class MinHashTest {
    private static final int HASHES = 112;
    private static final int PAIRS = 200;

    @Test
    void estimatesTheJaccardSimilarityWithoutBiasAndWithTheStatedDeviation() {
        MinHash minHash = new MinHash(new Shingles(5), HASHES);
        Random random = new Random(7);
        for (double share : new double[] {0.02, 0.1, 0.3}) {
            double sum = 0;
            double squares = 0;
            for (int i = 0; i < PAIRS; i++) {
                String one = Texts.random(random, 300);
                String other = Texts.edited(random, one, (int) (share * 60));
                double error = MinHash.similarity(minHash.signature(one), minHash.signature(other))
                        - Texts.jaccard(one, other, 5);
                sum += error;
                squares += error * error;
            }
            double deviation = Math.sqrt(squares / PAIRS);
            assertThat(deviation).isBetween(0.01, 0.055);
            assertThat(sum / PAIRS).isCloseTo(0, Offset.offset(4 * deviation / Math.sqrt(PAIRS)));
        }
    }

    @Test
    void signsTextsOfTheSameShinglesAlikeAndTextsWithoutWordsNotAtAll() {
        MinHash minHash = new MinHash(new Shingles(2), HASHES);

        assertThat(minHash.signature("a b a b a"))
                .isEqualTo(minHash.signature("A, b; A"))
                .hasSize(4 * HASHES);
        assertThat(MinHash.similarity(minHash.signature("a b c"), minHash.signature("x y z")))
                .isZero();
        assertThat(minHash.signature("---")).isEmpty();
    }
}
