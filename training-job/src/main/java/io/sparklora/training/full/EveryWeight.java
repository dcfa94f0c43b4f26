package io.sparklora.training.full;

import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.pipeline.basemodel.DecoderShape;
import io.sparklora.pipeline.basemodel.DecoderWeight;
import io.sparklora.training.lora.Finetuned;
import io.sparklora.training.lora.Finetuning;
import io.sparklora.training.lora.LoraLayout;

/** Full fine-tuning: every weight of the model is trained, a tied embedding once. */
public record EveryWeight() implements Finetuning {
    @Override
    public LoraLayout layout(DecoderShape model) {
        return LoraLayout.whole(DecoderWeight.of(model));
    }

    @Override
    public Finetuned publishable(BaseModel base, float[] parameters) {
        return new WholeModel(base.path(), layout(base.shape()), parameters);
    }
}
