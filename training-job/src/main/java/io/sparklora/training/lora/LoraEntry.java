package io.sparklora.training.lora;

/**
 * Where one LoRA matrix lies in the flat parameter vector.
 *
 * @param layer index of the decoder block, from 0
 * @param target the linear layer it belongs to
 * @param matrix which of the two factors
 * @param rows rows of the matrix as PEFT stores it: r for A, output features for B
 * @param columns columns as PEFT stores it: input features for A, r for B
 * @param offset index of its first element; the rows follow one another
 */
public record LoraEntry(int layer, LoraTarget target, LoraMatrix matrix, int rows, int columns, int offset) {
    /** Number of elements, rows x columns. */
    public int elements() {
        return rows * columns;
    }

    /** The tensor's key in PEFT's {@code adapter_model.safetensors}. */
    public String key() {
        return "base_model.model." + target.modulePath(layer) + "." + matrix.peftName() + ".weight";
    }
}
