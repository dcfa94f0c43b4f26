package io.sparklora.pipeline.basemodel;

/**
 * How a base model stores a weight: plain floats, or blocks of quantised ones. Names and layouts are those of ggml
 * ({@code ggml-common.h}); the plain ones are safetensors' too.
 */
public enum ElementType {
    F32(0, 1, 4),
    F16(1, 1, 2),
    BF16(30, 1, 2),
    Q4_0(2, 32, 18),
    Q4_1(3, 32, 20),
    Q5_0(6, 32, 22),
    Q5_1(7, 32, 24),
    Q8_0(8, 32, 34),
    Q4_K(12, 256, 144),
    Q5_K(13, 256, 176),
    Q6_K(14, 256, 210);

    private final int ggmlId;
    private final int blockElements;
    private final int blockBytes;

    ElementType(int ggmlId, int blockElements, int blockBytes) {
        this.ggmlId = ggmlId;
        this.blockElements = blockElements;
        this.blockBytes = blockBytes;
    }

    /** The number that stands for this type in a GGUF file. */
    int ggmlId() {
        return ggmlId;
    }

    /** Elements that share a block: 1, 32 or 256. A row is a whole number of blocks. */
    public int blockElements() {
        return blockElements;
    }

    /** Bytes that a block takes in the file. */
    public int blockBytes() {
        return blockBytes;
    }

    /** Bytes of {@code elements} values, a multiple of {@link #blockElements()}; throws if that is beyond a long. */
    long bytesOf(long elements) {
        return Math.multiplyExact(elements / blockElements, (long) blockBytes);
    }
}
