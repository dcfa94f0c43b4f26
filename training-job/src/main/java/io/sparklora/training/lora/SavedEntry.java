package io.sparklora.training.lora;

import io.sparklora.pipeline.adapter.SavedModule;
import java.util.List;

/**
 * Where a matrix that is trained whole lies in the flat parameter vector.
 *
 * @param module the matrix
 * @param offset index of its first element; the rows follow one another
 */
public record SavedEntry(SavedModule module, int offset) {
    /** Number of elements. */
    public int elements() {
        return Math.toIntExact(module.parameters());
    }

    /** The tensor's shape in PEFT's file. */
    public List<Long> shape() {
        return List.of((long) module.rows(), (long) module.columns());
    }

    /** The tensor's key in PEFT's {@code adapter_model.safetensors}. */
    public String key() {
        return "base_model.model." + module.path() + ".weight";
    }
}
