package io.sparklora.training.job;

import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.pipeline.run.ContentKey;
import io.sparklora.training.lora.LoraInitializer;
import io.sparklora.training.lora.PeftAdapter;
import io.sparklora.training.lora.PeftConfig;
import io.sparklora.training.model.HostModel;
import io.sparklora.training.model.LossProgram;

/**
 * A base model with LoRA branches, opened where it is the model that the run was planned for.
 *
 * @param host the base model on each host
 * @param baseHash what the base model must be
 * @param adapter the branches
 * @param seed of the initial A
 */
record LoraProgramFactory(HostModel host, String baseHash, PeftConfig adapter, long seed) implements ProgramFactory {
    @Override
    public LossProgram open() {
        try (BaseModel base = host.open(new ContentKey(baseHash))) {
            return host.program(base, adapter);
        }
    }

    @Override
    public float[] initialParameters() {
        try (BaseModel base = host.open()) {
            return LoraInitializer.seeded(seed).initial(adapter.layout(base.shape()));
        }
    }

    /** The adapter of a run's last parameters, as servers take it. */
    PeftAdapter portable(float[] parameters) {
        try (BaseModel base = host.open()) {
            return PeftAdapter.portable(adapter, base, parameters);
        }
    }
}
