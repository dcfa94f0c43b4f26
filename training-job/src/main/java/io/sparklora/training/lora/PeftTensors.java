package io.sparklora.training.lora;

import io.sparklora.pipeline.basemodel.SafetensorsFile;
import io.sparklora.pipeline.basemodel.SafetensorsTensor;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The tensors of an adapter's file, held against the layout that they have to fill.
 *
 * @param file F32, F16 or BF16 tensors by PEFT's keys
 * @param layout what its configuration stands for over a base model
 */
record PeftTensors(SafetensorsFile file, LoraLayout layout) {
    /**
     * All of them as one vector in the layout's order.
     *
     * @throws IllegalArgumentException naming the tensor that is missing, too many, of another shape or not finite
     */
    float[] parameters() {
        refuseStrangers();
        float[] parameters = new float[layout.parameterCount()];
        for (LoraEntry entry : layout.entries()) {
            entry.read(values(entry.key(), entry.shape()), parameters);
        }
        for (SavedEntry entry : layout.saved()) {
            System.arraycopy(values(entry.key(), entry.shape()), 0, parameters, entry.offset(), entry.elements());
        }
        return parameters;
    }

    private void refuseStrangers() {
        Set<String> known = new HashSet<>();
        layout.entries().forEach(entry -> known.add(entry.key()));
        layout.saved().forEach(entry -> known.add(entry.key()));
        for (SafetensorsTensor tensor : file.tensors()) {
            if (!known.contains(tensor.name())) {
                throw new IllegalArgumentException(
                        "tensor " + tensor.name() + " belongs to no layer that the model and target_modules have");
            }
        }
    }

    private float[] values(String key, List<Long> expected) {
        if (!file.contains(key)) {
            throw new IllegalArgumentException("tensor " + key + " of shape " + expected + " is missing");
        }
        List<Long> shape = file.tensor(key).shape();
        if (!shape.equals(expected)) {
            throw new IllegalArgumentException("tensor " + key + " must have shape " + expected + " but has " + shape);
        }
        float[] values = file.floats(key);
        for (int i = 0; i < values.length; i++) {
            if (!Float.isFinite(values[i])) {
                throw new IllegalArgumentException(
                        "tensor " + key + " must hold finite numbers but element " + i + " is " + values[i]);
            }
        }
        return values;
    }
}
