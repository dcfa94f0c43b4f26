package io.sparklora.pipeline.basemodel;

/**
 * A weight of a base model under the name that Hugging Face gives it, whatever the file calls it.
 *
 * @param name for example {@code model.layers.0.self_attn.q_proj.weight}
 * @param rows output features, at least 1; a vector (a norm's weight) is one row
 * @param columns input features, at least 1, contiguous
 * @param storedAs how the file stores it; {@link BaseModel#read} gives floats whatever this is
 */
public record BaseTensor(String name, long rows, int columns, ElementType storedAs) {
    /** Checks the sizes. */
    public BaseTensor {
        if (rows < 1 || columns < 1) {
            throw new IllegalArgumentException(
                    "tensor " + name + " must have at least one row and column but is " + rows + " x " + columns);
        }
        if (columns % storedAs.blockElements() != 0) {
            throw new IllegalArgumentException("tensor " + name + " of type " + storedAs
                    + " must have columns in blocks of " + storedAs.blockElements() + " but has " + columns);
        }
    }

    /** Number of values. */
    public long elements() {
        return rows * columns;
    }
}
