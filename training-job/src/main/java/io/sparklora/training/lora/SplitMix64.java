package io.sparklora.training.lora;

/**
 * The generator SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, OOPSLA 2014, figure 17
 * with the mixing constants of David Stafford's variant 13): written out here because the JDK promises no algorithm for
 * its SplittableRandom. Not thread-safe.
 */
final class SplitMix64 {
    private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;
    private static final int UNIT_BITS = 24;

    private long state;

    SplitMix64(long state) {
        this.state = state;
    }

    /** The next 64 bits. */
    long next() {
        state += GOLDEN_GAMMA;
        long z = state;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }

    /** The next multiple of 2^-24 in [0, 1). */
    double nextUnit() {
        return (next() >>> (Long.SIZE - UNIT_BITS)) * 0x1.0p-24;
    }
}
