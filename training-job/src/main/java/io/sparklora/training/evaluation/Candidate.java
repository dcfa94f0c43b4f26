package io.sparklora.training.evaluation;

import io.sparklora.training.lora.PeftAdapter;
import io.sparklora.training.lora.PeftConfig;
import java.io.Serializable;

/** An adapter on its way to the executors. */
final class Candidate implements Serializable {
    private static final long serialVersionUID = 1L;

    private final String name;
    private final PeftConfig config;
    private final float[] parameters;

    /** @param name what messages call it, such as {@code the champion v3} */
    Candidate(String name, PeftAdapter adapter) {
        this.name = name;
        this.config = adapter.config();
        this.parameters = adapter.parameters();
    }

    String name() {
        return name;
    }

    PeftConfig config() {
        return config;
    }

    float[] parameters() {
        return parameters;
    }
}
