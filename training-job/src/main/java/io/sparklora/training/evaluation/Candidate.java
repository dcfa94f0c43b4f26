package io.sparklora.training.evaluation;

import io.sparklora.training.lora.Finetuned;
import io.sparklora.training.lora.Finetuning;
import java.io.Serializable;

/** An adapter, or a whole model, on its way to the executors. */
final class Candidate implements Serializable {
    private static final long serialVersionUID = 1L;

    private final String name;
    private final Finetuning config;
    private final float[] parameters;

    /** @param name what messages call it, such as {@code the champion v3} */
    Candidate(String name, Finetuned adapter) {
        this.name = name;
        this.config = adapter.config();
        this.parameters = adapter.parameters();
    }

    String name() {
        return name;
    }

    Finetuning config() {
        return config;
    }

    float[] parameters() {
        return parameters;
    }
}
