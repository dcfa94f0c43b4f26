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
            checkShape(entry);
            float[] values = file.floats(entry.key());
            checkFinite(entry, values);
            entry.read(values, parameters);
        }
        return parameters;
    }

    private void refuseStrangers() {
        Set<String> known = new HashSet<>();
        layout.entries().forEach(entry -> known.add(entry.key()));
        for (SafetensorsTensor tensor : file.tensors()) {
            if (!known.contains(tensor.name())) {
                throw new IllegalArgumentException(
                        "tensor " + tensor.name() + " belongs to no layer that the model and " + "target_modules have");
            }
        }
    }

    private void checkShape(LoraEntry entry) {
        List<Long> expected = entry.shape();
        if (!file.contains(entry.key())) {
            throw new IllegalArgumentException("tensor " + entry.key() + " of shape " + expected + " is missing");
        }
        List<Long> shape = file.tensor(entry.key()).shape();
        if (!shape.equals(expected)) {
            throw new IllegalArgumentException(
                    "tensor " + entry.key() + " must have shape " + expected + " but has " + shape);
        }
    }

    private static void checkFinite(LoraEntry entry, float[] values) {
        for (int i = 0; i < values.length; i++) {
            if (!Float.isFinite(values[i])) {
                throw new IllegalArgumentException(
                        "tensor " + entry.key() + " must hold finite numbers but element " + i + " is " + values[i]);
            }
        }
    }
}
