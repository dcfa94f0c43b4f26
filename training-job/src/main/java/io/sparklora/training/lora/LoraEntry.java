package io.sparklora.training.lora;

import io.sparklora.pipeline.adapter.LoraBranch;

/**
 * Where one LoRA matrix lies in the flat parameter vector.
 *
 * @param branch the branch it belongs to
 * @param matrix which of the two factors
 * @param offset index of its first element; the rows follow one another
 */
public record LoraEntry(LoraBranch branch, LoraMatrix matrix, int offset) {
    /** Rows of the matrix as PEFT stores it: r for A, output features for B. */
    public int rows() {
        return matrix == LoraMatrix.A ? branch.rank() : branch.module().rows();
    }

    /** Columns as PEFT stores it: input features for A, r for B. */
    public int columns() {
        return matrix == LoraMatrix.A ? branch.module().columns() : branch.rank();
    }

    /** Number of elements, rows x columns. */
    public int elements() {
        return rows() * columns();
    }

    /** The tensor's key in PEFT's {@code adapter_model.safetensors}. */
    public String key() {
        return "base_model.model." + branch.path() + "." + matrix.peftName() + ".weight";
    }

    /**
     * Copies the matrix from PEFT's rows into the vector.
     *
     * @param stored {@link #elements} values, row-major, in PEFT's order of rows
     */
    public void read(float[] stored, float[] parameters) {
        for (int row = 0; row < rows(); row++) {
            System.arraycopy(stored, storedRow(row) * columns(), parameters, offset + row * columns(), columns());
        }
    }

    /** The matrix in PEFT's order of rows, a new array. */
    public float[] stored(float[] parameters) {
        float[] stored = new float[elements()];
        for (int row = 0; row < rows(); row++) {
            System.arraycopy(parameters, offset + row * columns(), stored, storedRow(row) * columns(), columns());
        }
        return stored;
    }

    private int storedRow(int row) {
        return matrix == LoraMatrix.B ? branch.module().heads().rowInLayer(row) : row;
    }
}
