package io.sparklora.training.data;

/**
 * The shuffled order in which an epoch visits the sequences: a pseudo-random permutation of [0, sequences) that follows from
 * (seed, epoch) and is computed element by element, in no memory, so that any rank finds any position at once.
 *
 * <p>A balanced Feistel network permutes the smallest domain of 4^h values that holds all sequences (Luby and Rackoff,
 * SIAM J. Comput. 17, 1988; {@value #ROUNDS} rounds, with SplitMix64's finaliser as the round function), and a value
 * outside [0, sequences) is permuted again until it falls inside ("cycle walking", Black and Rogaway, CT-RSA 2002):
 * since the domain is less than 4 times too large, 4 times on average at most.
 */
final class SequenceOrder {
    private static final int ROUNDS = 8;
    /** SplitMix64's increment, the golden ratio's fraction. */
    private static final long GAMMA = 0x9e3779b97f4a7c15L;

    private final long sequences;
    private final int halfBits;
    private final long halfMask;
    private final long[] roundKeys = new long[ROUNDS];

    SequenceOrder(long sequences, long seed, long epoch) {
        if (sequences < 1) {
            throw new IllegalArgumentException("an order of " + sequences + " sequences");
        }
        this.sequences = sequences;
        int bits = Long.SIZE - Long.numberOfLeadingZeros(Math.max(1, sequences - 1));
        this.halfBits = (bits + 1) / 2;
        this.halfMask = (1L << halfBits) - 1;
        long state = mix(seed + GAMMA) ^ epoch;
        for (int round = 0; round < ROUNDS; round++) {
            state += GAMMA;
            roundKeys[round] = mix(state);
        }
    }

    /** The sequence at a position in [0, sequences). */
    long at(long position) {
        long value = position;
        do {
            value = permuteDomain(value);
        } while (value >= sequences);
        return value;
    }

    private long permuteDomain(long value) {
        long left = value >>> halfBits;
        long right = value & halfMask;
        for (long key : roundKeys) {
            long next = left ^ (mix(right + key) & halfMask);
            left = right;
            right = next;
        }
        return left << halfBits | right;
    }

    /** SplitMix64's finaliser (Steele, Lea and Flood, OOPSLA 2014). */
    private static long mix(long z) {
        long a = (z ^ z >>> 30) * 0xbf58476d1ce4e5b9L;
        long b = (a ^ a >>> 27) * 0x94d049bb133111ebL;
        return b ^ b >>> 31;
    }
}
