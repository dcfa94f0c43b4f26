package io.sparklora.training.model;

import ai.djl.pytorch.jni.IValue;

/** Whether the LoRA branches take part in a forward pass. */
public enum Branches {
    /** Base and adapter. */
    ADAPTED,
    /** The base model alone. */
    BASE;

    IValue argument() {
        return IValue.from(this == ADAPTED);
    }
}
