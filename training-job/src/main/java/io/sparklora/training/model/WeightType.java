package io.sparklora.training.model;

import io.sparklora.pipeline.config.BaseConfig.Dtype;
import java.nio.ByteBuffer;

/** How the base's linear weights are stored for training: configuration's {@code base.dtype}. */
public enum WeightType {
    /** IEEE 754 single precision: the dequantised values themselves. */
    FP32("fp32", 4, 6),
    /** bfloat16: the dequantised values rounded to the nearest, ties to even; half the memory. */
    BF16("bf16", 2, 15);

    private final String configName;
    private final int bytes;
    private final int torchCode;

    WeightType(String configName, int bytes, int torchCode) {
        this.configName = configName;
        this.bytes = bytes;
        this.torchCode = torchCode;
    }

    /** The type that a configuration names. */
    static WeightType of(Dtype dtype) {
        return dtype == Dtype.BF16 ? BF16 : FP32;
    }

    /** The configuration's value for it. */
    Dtype dtype() {
        return this == BF16 ? Dtype.BF16 : Dtype.FP32;
    }

    /** Its name in the configuration. */
    public String configName() {
        return configName;
    }

    /** Bytes of a value. */
    public int bytes() {
        return bytes;
    }

    /** The number that stands for it in TorchScript. */
    int torchCode() {
        return torchCode;
    }

    /** Appends a value in the buffer's byte order. */
    void put(float value, ByteBuffer target) {
        switch (this) {
            case FP32 -> target.putFloat(value);
            case BF16 -> target.putShort(bfloat16(value));
        }
    }

    /** What is left of a value that is stored so. */
    float kept(float value) {
        return this == BF16 ? Float.intBitsToFloat(bfloat16(value) << 16) : value;
    }

    /** The bits of the bfloat16 nearest to a value, ties to even; a NaN stays a NaN. */
    static short bfloat16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) {
            return (short) ((bits >>> 16) | 0x40);
        }
        return (short) ((bits + 0x7FFF + ((bits >>> 16) & 1)) >>> 16);
    }
}
