package io.sparklora.training.model;

import io.sparklora.pipeline.adapter.LoraBranch;
import io.sparklora.pipeline.adapter.LoraModule;
import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.pipeline.basemodel.BaseTensor;
import io.sparklora.training.lora.LoraEntry;
import io.sparklora.training.lora.LoraLayout;
import io.sparklora.training.lora.LoraMatrix;
import java.util.List;

/**
 * What DoRA's magnitudes are before the first step: the norms of the weights' rows, so that the adapted model starts as
 * the base (Liu et al. 2024, arXiv 2402.09353, section 4.1).
 *
 * @param base the base model
 * @param stored how its weights are kept for training
 */
record WeightNorms(BaseModel base, WeightType stored) {
    /** Writes the norms of the layout's magnitudes, if it has any, to their places. */
    void fill(LoraLayout layout, float[] parameters) {
        WeightPlan plan = WeightPlan.of(base.shape(), stored);
        for (LoraEntry entry : layout.entries()) {
            if (entry.matrix() == LoraMatrix.MAGNITUDE) {
                LoraBranch branch = entry.branch();
                fill(entry, plan.tensors(branch.layer(), branch.module().group()), parameters);
            }
        }
    }

    /** A module is some rows of its group's tensors, which lie one below the other whatever the family fuses. */
    private void fill(LoraEntry entry, List<String> tensors, float[] parameters) {
        LoraModule module = entry.branch().module();
        long start = -module.firstRow();
        for (String name : tensors) {
            BaseTensor tensor = base.tensor(name);
            long end = Math.min(start + tensor.rows(), module.rows());
            float[] row = new float[tensor.columns()];
            for (long i = Math.max(0, start); i < end; i++) {
                base.read(name, i - start, 1, row);
                parameters[entry.offset() + (int) i] = (float) norm(row);
            }
            start += tensor.rows();
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
