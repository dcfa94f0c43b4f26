package io.sparklora.pipeline.basemodel;

import java.util.List;

/**
 * A tensor of a GGUF file under the file's own name.
 *
 * @param name for example {@code blk.0.attn_q.weight}
 * @param type how its elements are stored
 * @param dimensions GGUF's order: the contiguous one (input features) first; one to four, each at least 1
 * @param position byte of the file at which its data start
 */
record GgufTensor(String name, ElementType type, List<Long> dimensions, long position) {
    GgufTensor {
        dimensions = List.copyOf(dimensions);
    }

    long elements() {
        long elements = 1;
        for (long dimension : dimensions) {
            elements = Math.multiplyExact(elements, dimension);
        }
        return elements;
    }

    long byteLength() {
        return type.bytesOf(elements());
    }

    long end() {
        return position + byteLength();
    }
}
