package io.sparklora.pipeline.basemodel;

import java.util.List;

/**
 * An entry of a safetensors file's header.
 *
 * @param name the tensor's name
 * @param type its elements' type
 * @param shape sizes, outermost first, none negative; empty for a scalar
 * @param offset byte of the file at which its elements start, row-major and little-endian
 */
public record SafetensorsTensor(String name, SafetensorsType type, List<Long> shape, long offset) {
    /** Copies the shape. */
    public SafetensorsTensor {
        shape = List.copyOf(shape);
    }

    /** Number of elements: the product of the sizes, 1 for a scalar. */
    public long elements() {
        long elements = 1;
        for (long size : shape) {
            elements = Math.multiplyExact(elements, size);
        }
        return elements;
    }

    /** Bytes of all elements. */
    public long byteLength() {
        return Math.multiplyExact(elements(), (long) type.bytes());
    }
}
