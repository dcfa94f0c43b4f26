package io.sparklora.dataprep.duplicate;

import java.io.Serializable;
import java.util.Arrays;

/**
 * The shingles of a text: 64-bit hashes of every run of so many words, in their order, repeated ones included. A text of
 * fewer words has one shingle, of all of them; a text without words has none.
 *
 * @param words words of a shingle, at least 1
 */
public record Shingles(int words) implements Serializable {
    private static final long serialVersionUID = 1L;
    private static final long BASE = 0x9E3779B97F4A7C15L;

    /** Refuses shingles of no words. */
    public Shingles {
        if (words < 1) {
            throw new IllegalArgumentException("words must be at least 1 but was " + words);
        }
    }

    /** The shingles, by a rolling polynomial of the words' hashes (Karp and Rabin, 1987). */
    public long[] of(String text) {
        long[] hashes = Words.of(text);
        int width = Math.min(words, hashes.length);
        if (width == 0) {
            return hashes;
        }
        long leaving = power(width);
        long[] shingles = new long[hashes.length - width + 1];
        long rolling = 0;
        for (int i = 0; i < hashes.length; i++) {
            rolling = rolling * BASE + hashes[i];
            if (i >= width) {
                rolling -= leaving * hashes[i - width];
            }
            if (i >= width - 1) {
                shingles[i - width + 1] = Mixing.of(rolling);
            }
        }
        return shingles;
    }

    /** The different shingles, ascending. */
    public long[] set(String text) {
        long[] sorted = of(text);
        Arrays.sort(sorted);
        int count = 0;
        for (int i = 0; i < sorted.length; i++) {
            if (count == 0 || sorted[i] != sorted[count - 1]) {
                sorted[count++] = sorted[i];
            }
        }
        return Arrays.copyOf(sorted, count);
    }

    private static long power(int exponent) {
        long power = 1;
        for (int i = 0; i < exponent; i++) {
            power *= BASE;
        }
        return power;
    }
}
