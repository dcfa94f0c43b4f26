package io.sparklora.training.model;

import io.sparklora.pipeline.adapter.LoraModule;
import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.pipeline.basemodel.BaseTensor;
import io.sparklora.pipeline.basemodel.FamilyNames.Orientation;
import io.sparklora.training.lora.LoraEntry;
import io.sparklora.training.lora.LoraLayout;
import io.sparklora.training.lora.LoraMatrix;

/**
 * What DoRA's magnitudes are before the first step: the norms of the weights' rows, so that the adapted model starts as
 * the base (Liu et al. 2024, arXiv 2402.09353, section 4.1).
 *
 * @param base the base model
 * @param stored how its weights are kept for training
 */
record WeightNorms(BaseModel base, WeightType stored) {
    /**
     * Writes the norms of the layout's magnitudes, if it has any, to their places.
     *
     * @throws IllegalArgumentException where a module is no tensor of the model's own
     */
    void fill(LoraLayout layout, float[] parameters) {
        for (LoraEntry entry : layout.entries()) {
            if (entry.matrix() == LoraMatrix.MAGNITUDE) {
                fill(entry, parameters);
            }
        }
    }

    private void fill(LoraEntry entry, float[] parameters) {
        LoraModule module = entry.branch().module();
        BaseTensor tensor = base.tensor(entry.branch().path() + ".weight");
        if (module.orientation() != Orientation.OUTPUT_ROWS
                || tensor.rows() != entry.rows()
                || tensor.columns() != entry.branch().module().columns()) {
            throw new IllegalArgumentException("DoRA needs rows of outputs, " + tensor.name() + " to be ["
                    + entry.rows() + ", "
                    + entry.branch().module().columns() + "] but it is [" + tensor.rows() + ", " + tensor.columns()
                    + "]");
        }
        float[] row = new float[tensor.columns()];
        for (int i = 0; i < entry.rows(); i++) {
            base.read(tensor.name(), module.heads().rowInLayer(i), 1, row);
            parameters[entry.offset() + i] = (float) norm(row);
        }
    }

    private double norm(float[] row) {
        double squares = 0;
        for (float value : row) {
            double kept = stored.kept(value);
            squares += kept * kept;
        }
        return Math.sqrt(squares);
    }
}
