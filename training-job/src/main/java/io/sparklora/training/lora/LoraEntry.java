package io.sparklora.training.lora;

import io.sparklora.pipeline.adapter.LoraBranch;
import java.util.List;

/**
 * Where one LoRA matrix lies in the flat parameter vector.
 *
 * @param branch the branch it belongs to
 * @param matrix which of the two factors
 * @param offset index of its first element; the rows follow one another
 */
public record LoraEntry(LoraBranch branch, LoraMatrix matrix, int offset) {
    /** Rows of the matrix as PEFT stores it: r for A, output features for B; all elements of the magnitudes. */
    public int rows() {
        return matrix == LoraMatrix.A ? branch.rank() : branch.module().rows();
    }

    /** Columns as PEFT stores it: input features for A, r for B; 1 for the magnitudes. */
    public int columns() {
        return switch (matrix) {
            case A -> branch.module().columns();
            case B -> branch.rank();
            case MAGNITUDE -> 1;
        };
    }

    /** The tensor's shape in PEFT's file: the magnitudes are a vector. */
    public List<Long> shape() {
        return matrix == LoraMatrix.MAGNITUDE ? List.of((long) rows()) : List.of((long) rows(), (long) columns());
    }

    /** Number of elements, rows x columns. */
    public int elements() {
        return rows() * columns();
    }

    /** The tensor's key in PEFT's {@code adapter_model.safetensors}. */
    public String key() {
        String suffix = matrix == LoraMatrix.MAGNITUDE ? "" : ".weight";
        return "base_model.model." + branch.path() + "." + matrix.peftName() + suffix;
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
        return matrix == LoraMatrix.A ? row : branch.module().heads().rowInLayer(row);
    }
}
