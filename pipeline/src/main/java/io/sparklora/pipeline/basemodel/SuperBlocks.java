package io.sparklora.pipeline.basemodel;

/** The k-quants: 256 elements in sub-blocks that have scales (and minima) of their own, themselves quantised. */
final class SuperBlocks {
    private static final int SUB_BLOCK = 32;
    private static final int SCALES = 4;

    private SuperBlocks() {}

    /** d, dmin, 8 scales and minima in 12 bytes, then a nibble an element: value = (d * scale) * q - dmin * minimum. */
    static void decodeQ4K(byte[] source, int from, float[] target, int at) {
        float d = Dequantiser.half(source, from);
        float dmin = Dequantiser.half(source, from + 2);
        int nibbles = from + SCALES + 12;
        for (int i = 0; i < 8; i++) {
            float scale = d * scale(source, from + SCALES, i);
            float minimum = dmin * minimum(source, from + SCALES, i);
            int bytes = nibbles + SUB_BLOCK * (i / 2);
            int shift = 4 * (i % 2);
            for (int l = 0; l < SUB_BLOCK; l++) {
                target[at + SUB_BLOCK * i + l] = scale * (source[bytes + l] >> shift & 15) - minimum;
            }
        }
    }

    /** As Q4_K with 256 fifth bits between scales and nibbles: bit i of byte l is element l of sub-block i's. */
    static void decodeQ5K(byte[] source, int from, float[] target, int at) {
        float d = Dequantiser.half(source, from);
        float dmin = Dequantiser.half(source, from + 2);
        int fifth = from + SCALES + 12;
        int nibbles = fifth + SUB_BLOCK;
        for (int i = 0; i < 8; i++) {
            float scale = d * scale(source, from + SCALES, i);
            float minimum = dmin * minimum(source, from + SCALES, i);
            int bytes = nibbles + SUB_BLOCK * (i / 2);
            int shift = 4 * (i % 2);
            for (int l = 0; l < SUB_BLOCK; l++) {
                int q = (source[bytes + l] >> shift & 15) | (source[fifth + l] >> i & 1) << 4;
                target[at + SUB_BLOCK * i + l] = scale * q - minimum;
            }
        }
    }

    /** 128 bytes of low nibbles, 64 of high bit pairs, 16 signed scales, then d: value = (d * scale) * (q - 32). */
    static void decodeQ6K(byte[] source, int from, float[] target, int at) {
        float d = Dequantiser.half(source, from + 208);
        for (int quarter = 0; quarter < 8; quarter++) {
            int half = quarter / 4;
            int k = quarter % 4;
            int low = from + 64 * half + 32 * (k % 2);
            int high = from + 128 + 32 * half;
            int lowShift = 4 * (k / 2);
            int highShift = 2 * k;
            for (int l = 0; l < SUB_BLOCK; l++) {
                int element = 128 * half + 32 * k + l;
                int q = (source[low + l] >> lowShift & 15) | (source[high + l] >> highShift & 3) << 4;
                target[at + element] = d * source[from + 192 + element / 16] * (q - 32);
            }
        }
    }

    /** Six bits: the low four of sub-blocks 4 to 7 lie in the last four bytes, their high two above earlier scales. */
    private static int scale(byte[] source, int packed, int i) {
        return i < 4 ? source[packed + i] & 63 : (source[packed + i + 4] & 15) | (source[packed + i - 4] >> 6 & 3) << 4;
    }

    private static int minimum(byte[] source, int packed, int i) {
        return i < 4
                ? source[packed + i + 4] & 63
                : (source[packed + i + 4] >> 4 & 15) | (source[packed + i] >> 6 & 3) << 4;
    }
}
