package io.sparklora.pipeline.basemodel;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Turns stored elements into floats, to the bit as the reference does (ggml {@code dequantize_row_*},
 * gguf-py {@code quants.py}): scales are little-endian halves, all arithmetic is single precision without fused
 * multiply-add. In each type, {@code q} is an element's quantised integer, {@code d} its block's scale, {@code m} its
 * block's minimum.
 */
final class Dequantiser {
    private Dequantiser() {}

    /**
     * Decodes whole blocks.
     *
     * @param source holds the blocks from {@code from} on
     * @param elements a multiple of the type's block elements
     * @param target gets that many floats from {@code at} on
     */
    static void decode(ElementType type, byte[] source, int from, int elements, float[] target, int at) {
        switch (type) {
            case F32 -> littleEndian(source, from).asFloatBuffer().get(target, at, elements);
            case F16 -> decodeF16(source, from, elements, target, at);
            case BF16 -> decodeBf16(source, from, elements, target, at);
            default -> {
                for (int done = 0; done < elements; done += type.blockElements()) {
                    decodeBlock(
                            type, source, from + done / type.blockElements() * type.blockBytes(), target, at + done);
                }
            }
        }
    }

    private static void decodeBlock(ElementType type, byte[] source, int from, float[] target, int at) {
        switch (type) {
            case Q4_0 -> decodeQ40(source, from, target, at);
            case Q4_1 -> decodeQ41(source, from, target, at);
            case Q5_0 -> decodeQ50(source, from, target, at);
            case Q5_1 -> decodeQ51(source, from, target, at);
            case Q8_0 -> decodeQ80(source, from, target, at);
            case Q4_K -> SuperBlocks.decodeQ4K(source, from, target, at);
            case Q5_K -> SuperBlocks.decodeQ5K(source, from, target, at);
            case Q6_K -> SuperBlocks.decodeQ6K(source, from, target, at);
            case F32, F16, BF16 -> throw new IllegalArgumentException(type + " has no blocks");
        }
    }

    private static ByteBuffer littleEndian(byte[] source, int from) {
        return ByteBuffer.wrap(source, from, source.length - from).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static void decodeF16(byte[] source, int from, int elements, float[] target, int at) {
        for (int i = 0; i < elements; i++) {
            target[at + i] = half(source, from + 2 * i);
        }
    }

    private static void decodeBf16(byte[] source, int from, int elements, float[] target, int at) {
        for (int i = 0; i < elements; i++) {
            int bits = (source[from + 2 * i] & 0xFF) << 16 | source[from + 2 * i + 1] << 24;
            target[at + i] = Float.intBitsToFloat(bits);
        }
    }

    /** d, then two elements a byte: the low nibbles are elements 0 to 15, the high ones 16 to 31. */
    private static void decodeQ40(byte[] source, int from, float[] target, int at) {
        float d = half(source, from);
        for (int j = 0; j < 16; j++) {
            int pair = source[from + 2 + j];
            target[at + j] = d * ((pair & 15) - 8);
            target[at + 16 + j] = d * ((pair >> 4 & 15) - 8);
        }
    }

    /** d, m, then nibbles as Q4_0's. */
    private static void decodeQ41(byte[] source, int from, float[] target, int at) {
        float d = half(source, from);
        float m = half(source, from + 2);
        for (int j = 0; j < 16; j++) {
            int pair = source[from + 4 + j];
            target[at + j] = d * (pair & 15) + m;
            target[at + 16 + j] = d * (pair >> 4 & 15) + m;
        }
    }

    /** d, 32 fifth bits, then nibbles as Q4_0's. */
    private static void decodeQ50(byte[] source, int from, float[] target, int at) {
        float d = half(source, from);
        int fifth = littleEndian(source, from + 2).getInt();
        for (int j = 0; j < 16; j++) {
            int pair = source[from + 6 + j];
            target[at + j] = d * (fiveBits(pair, fifth, j) - 16);
            target[at + 16 + j] = d * (fiveBits(pair >> 4, fifth, j + 16) - 16);
        }
    }

    /** d, m, 32 fifth bits, then nibbles as Q4_0's. */
    private static void decodeQ51(byte[] source, int from, float[] target, int at) {
        float d = half(source, from);
        float m = half(source, from + 2);
        int fifth = littleEndian(source, from + 4).getInt();
        for (int j = 0; j < 16; j++) {
            int pair = source[from + 8 + j];
            target[at + j] = d * fiveBits(pair, fifth, j) + m;
            target[at + 16 + j] = d * fiveBits(pair >> 4, fifth, j + 16) + m;
        }
    }

    /** The low nibble, and above it the element's bit of 32. */
    private static int fiveBits(int nibble, int fifth, int element) {
        return (nibble & 15) | (fifth >>> element & 1) << 4;
    }

    /** d, then a signed byte an element. */
    private static void decodeQ80(byte[] source, int from, float[] target, int at) {
        float d = half(source, from);
        for (int j = 0; j < 32; j++) {
            target[at + j] = d * source[from + 2 + j];
        }
    }

    /** The IEEE half at a byte, as a float: exact, subnormals, infinities and NaN payloads included. */
    static float half(byte[] source, int from) {
        int bits = (source[from] & 0xFF) | (source[from + 1] & 0xFF) << 8;
        int sign = (bits & 0x8000) << 16;
        int magnitude = (bits & 0x7FFF) << 13;
        if ((bits & 0x7C00) == 0x7C00) {
            return Float.intBitsToFloat(sign | magnitude | 0x7F80_0000);
        }
        // The exponents' biases differ by 112; a multiplication by 2^112 moves a subnormal half, too, exactly.
        float rebiased = Float.intBitsToFloat(magnitude) * 0x1p112f;
        return Float.intBitsToFloat(sign | Float.floatToRawIntBits(rebiased));
    }
}
