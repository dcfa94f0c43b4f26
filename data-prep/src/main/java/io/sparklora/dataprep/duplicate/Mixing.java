package io.sparklora.dataprep.duplicate;

/** Spreads a 64-bit value over all 64 bits: a bijection, the finalizer of SplitMix64 (Steele, Lea, Flood, 2014). */
final class Mixing {
    private Mixing() {}

    static long of(long value) {
        long mixed = (value ^ value >>> 30) * 0xBF58476D1CE4E5B9L;
        mixed = (mixed ^ mixed >>> 27) * 0x94D049BB133111EBL;
        return mixed ^ mixed >>> 31;
    }
}
