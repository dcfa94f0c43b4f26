package io.sparklora.training.lora;

import io.sparklora.pipeline.basemodel.DecoderWeight;

/**
 * Where a weight of the base model lies in the flat parameter vector, where every weight is trained.
 *
 * @param weight the weight
 * @param offset index of its first element; the rows follow one another
 */
public record WholeEntry(DecoderWeight weight, int offset) {
    /** Number of elements. */
    public int elements() {
        return Math.toIntExact(weight.elements());
    }
}
