package io.sparklora.dataprep.duplicate;

import java.io.Serializable;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Signatures that tell how similar two sets of shingles are (Broder, 1997): under each of so many hash functions the least
 * hash of the set. Two signatures agree at a place with the probability of the sets' Jaccard similarity, so that the share
 * of places where they agree estimates it, with a standard deviation of {@code sqrt(J (1 - J) / hashes)}: 0.038 at 0.8
 * with 112 hashes.
 *
 * <p>A hash function is two rounds of multiplication and shift on 32 bits of a shingle, seeded by its number: the inner
 * loop runs over all functions and is made of vector instructions. It would be some hundred times slower as a column
 * expression, and 32 bits are enough for a set of a million shingles.
 */
final class MinHash implements Serializable {
    private static final long serialVersionUID = 1L;
    private static final long SEED = 0x5BD1E995L;
    private static final int FIRST_FACTOR = 0x85EBCA6B;
    private static final int SECOND_FACTOR = 0xC2B2AE35;
    private static final int SHIFT = 13;

    private final Shingles shingles;
    private final int[] seeds;

    /** @param hashes how many hash functions */
    MinHash(Shingles shingles, int hashes) {
        this.shingles = shingles;
        this.seeds = new int[hashes];
        for (int i = 0; i < hashes; i++) {
            seeds[i] = (int) Mixing.of(SEED + i);
        }
    }

    /** The least hashes of a text, each four bytes; no bytes for a text without words. */
    byte[] signature(String text) {
        long[] set = shingles.of(text);
        if (set.length == 0) {
            return new byte[0];
        }
        int[] least = new int[seeds.length];
        Arrays.fill(least, Integer.MAX_VALUE);
        for (long shingle : set) {
            lower(least, (int) shingle, seeds);
        }
        ByteBuffer bytes = ByteBuffer.allocate(least.length * Integer.BYTES);
        bytes.asIntBuffer().put(least);
        return bytes.array();
    }

    private static void lower(int[] least, int shingle, int[] seeds) {
        for (int i = 0; i < least.length; i++) {
            int hash = (shingle ^ seeds[i]) * FIRST_FACTOR;
            hash = (hash ^ hash >>> SHIFT) * SECOND_FACTOR;
            least[i] = Math.min(least[i], hash);
        }
    }

    /** The share of places where two signatures of one kind agree. */
    static double similarity(byte[] one, byte[] other) {
        ByteBuffer first = ByteBuffer.wrap(one);
        ByteBuffer second = ByteBuffer.wrap(other);
        int equal = 0;
        while (first.hasRemaining()) {
            equal += first.getInt() == second.getInt() ? 1 : 0;
        }
        return (double) equal * Integer.BYTES / one.length;
    }
}
