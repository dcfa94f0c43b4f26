package io.sparklora.training.model;

import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.training.lora.LoraLayout;
import io.sparklora.training.lora.SavedEntry;

/**
 * What modules that are trained whole are before the first step: the base's own values as they are kept for training, so
 * that the adapted model starts as the base.
 *
 * @param base the base model
 * @param stored how its weights are kept for training
 */
record BaseCopies(BaseModel base, WeightType stored) {
    private static final int ROWS_AT_ONCE = 64;

    /** Writes the modules' values to their places in the layout's vector. */
    void fill(LoraLayout layout, float[] parameters) {
        layout.saved().forEach(entry -> fill(entry, parameters));
    }

    private void fill(SavedEntry entry, float[] parameters) {
        int columns = entry.module().columns();
        float[] values = new float[ROWS_AT_ONCE * columns];
        for (int first = 0; first < entry.module().rows(); first += ROWS_AT_ONCE) {
            int rows = Math.min(ROWS_AT_ONCE, entry.module().rows() - first);
            base.read(entry.module().baseTensor(), first, rows, values);
            for (int i = 0; i < rows * columns; i++) {
                parameters[entry.offset() + first * columns + i] = stored.kept(values[i]);
            }
        }
    }
}
