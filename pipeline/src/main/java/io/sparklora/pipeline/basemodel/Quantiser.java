package io.sparklora.pipeline.basemodel;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Turns numbers into stored elements, the counterpart of {@link Dequantiser} for the types that are written: F32, F16 and
 * BF16 by one rounding to the nearest, ties to even; Q8_0 as ggml's reference does ({@code quantize_row_q8_0_ref}), from
 * floats.
 */
final class Quantiser {
    private static final int HALF_FRACTION_BITS = 10;
    private static final int HALF_LEAST_EXPONENT = -14;
    private static final double HALF_MOST = 65_504;
    private static final int BFLOAT_FRACTION_BITS = 7;
    private static final double BFLOAT_MOST = 0x1.FEp127;
    private static final int DOUBLE_FRACTION_BITS = 52;
    private static final float Q8_MOST = 127;

    private Quantiser() {}

    /** Whether a type is one that {@link #encode} writes. */
    static boolean writes(ElementType type) {
        return switch (type) {
            case F32, F16, BF16, Q8_0 -> true;
            case Q4_0, Q4_1, Q5_0, Q5_1, Q4_K, Q5_K, Q6_K -> false;
        };
    }

    /**
     * Encodes whole blocks.
     *
     * @param elements a multiple of the type's block elements
     * @param target gets the blocks from byte {@code at} on
     * @throws IllegalArgumentException for a type that is not written, and for a value that the type cannot hold: NaN, an
     *     infinity, or one beyond the type's range
     */
    static void encode(ElementType type, double[] values, int from, int elements, byte[] target, int at) {
        ByteBuffer bytes = ByteBuffer.wrap(target, at, target.length - at).order(ByteOrder.LITTLE_ENDIAN);
        switch (type) {
            case F32 -> {
                for (int i = 0; i < elements; i++) {
                    bytes.putFloat(single(values[from + i]));
                }
            }
            case F16 -> {
                for (int i = 0; i < elements; i++) {
                    bytes.putShort(half(values[from + i]));
                }
            }
            case BF16 -> {
                for (int i = 0; i < elements; i++) {
                    bytes.putShort(bfloat(values[from + i]));
                }
            }
            case Q8_0 -> {
                for (int done = 0; done < elements; done += type.blockElements()) {
                    encodeQ80(values, from + done, bytes);
                }
            }
            default -> throw new IllegalArgumentException(type + " is not written");
        }
    }

    private static float single(double value) {
        float rounded = (float) value;
        if (!Float.isFinite(rounded)) {
            throw beyond(value, ElementType.F32, Float.MAX_VALUE);
        }
        return rounded;
    }

    /** The bits of the nearest IEEE half. */
    static short half(double value) {
        double rounded = nearest(value, HALF_FRACTION_BITS, HALF_LEAST_EXPONENT);
        double magnitude = Math.abs(rounded);
        if (!(magnitude <= HALF_MOST)) {
            throw beyond(value, ElementType.F16, HALF_MOST);
        }
        int sign = Float.floatToRawIntBits((float) rounded) >>> 16 & 0x8000;
        // A multiplication by 2^-112 moves the float's exponent to the half's bias, and a subnormal half, too, exactly.
        return (short) (sign | Float.floatToRawIntBits((float) (magnitude * 0x1p-112)) >>> 13);
    }

    private static short bfloat(double value) {
        double rounded = nearest(value, BFLOAT_FRACTION_BITS, Float.MIN_EXPONENT);
        if (!(Math.abs(rounded) <= BFLOAT_MOST)) {
            throw beyond(value, ElementType.BF16, BFLOAT_MOST);
        }
        return (short) (Float.floatToRawIntBits((float) rounded) >>> 16);
    }

    /** The nearest number of so many bits after the leading one, ties to even; subnormal below the least exponent. */
    private static double nearest(double value, int fractionBits, int leastExponent) {
        long exponent = Math.max(Math.getExponent(value), leastExponent);
        double spacing =
                Double.longBitsToDouble((exponent - fractionBits + Double.MAX_EXPONENT) << DOUBLE_FRACTION_BITS);
        return Math.rint(value / spacing) * spacing;
    }

    /** d = largest magnitude / 127 as a half, then a signed byte an element, halves rounded away from zero. */
    private static void encodeQ80(double[] values, int from, ByteBuffer bytes) {
        int elements = ElementType.Q8_0.blockElements();
        float largest = 0;
        for (int i = 0; i < elements; i++) {
            largest = Math.max(largest, Math.abs(single(values[from + i])));
        }
        float d = largest / Q8_MOST;
        float inverse = d == 0 ? 0 : 1 / d;
        bytes.putShort(half(d));
        for (int i = 0; i < elements; i++) {
            float scaled = (float) values[from + i] * inverse;
            int magnitude = (int) (Math.abs((double) scaled) + 0.5);
            bytes.put((byte) (scaled < 0 ? -magnitude : magnitude));
        }
    }

    private static IllegalArgumentException beyond(double value, ElementType type, double most) {
        return new IllegalArgumentException(
                value + " cannot be stored as " + type + ", whose values are in [-" + most + ", " + most + "]");
    }
}
