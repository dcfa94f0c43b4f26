package io.sparklora.pipeline.basemodel;

import java.util.Optional;

/** The element types of a safetensors file that this project reads or writes, under the format's names. */
public enum SafetensorsType {
    F64(8),
    F32(4),
    F16(2),
    BF16(2),
    I64(8),
    I32(4),
    I16(2),
    I8(1),
    U8(1),
    BOOL(1);

    private final int bytes;

    SafetensorsType(int bytes) {
        this.bytes = bytes;
    }

    /** Bytes of one element. */
    public int bytes() {
        return bytes;
    }

    /** This type as a base model's weight type, if weights come in it. */
    Optional<ElementType> weightType() {
        return switch (this) {
            case F32 -> Optional.of(ElementType.F32);
            case F16 -> Optional.of(ElementType.F16);
            case BF16 -> Optional.of(ElementType.BF16);
            default -> Optional.empty();
        };
    }
}
