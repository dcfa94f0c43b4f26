package io.sparklora.training.lora;

import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.pipeline.basemodel.DecoderShape;
import java.io.Serializable;

/** What is trained of a base model, before a model makes a layout of it. Equal ones are laid out alike. */
public interface Finetuning extends Serializable {
    /**
     * Where each number lies over a base model.
     *
     * @throws IllegalArgumentException where the model has no such weights, or too many
     */
    LoraLayout layout(DecoderShape model);

    /**
     * What is published of numbers that were trained.
     *
     * @param base the model that they were trained from
     * @param parameters in the order of the layout over the base
     */
    Finetuned publishable(BaseModel base, float[] parameters);
}
