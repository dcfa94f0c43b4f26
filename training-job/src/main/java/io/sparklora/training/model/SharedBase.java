package io.sparklora.training.model;

import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.training.lora.Finetuned;
import io.sparklora.training.lora.Finetuning;
import org.jspecify.annotations.Nullable;

/**
 * One base model under one adapter after another. Its weights are mapped and stay where they are; an adapter of the same
 * configuration as the one before it only takes its parameters' place. Bound to one thread; closing leaves the base open.
 */
public final class SharedBase implements AutoCloseable {
    private final HostModel host;
    private final BaseModel base;
    private final TaskGpu gpu;
    private @Nullable Finetuning config;
    private @Nullable TorchScriptProgram program;

    /**
     * Nothing is opened before the first adapter.
     *
     * @param gpu what Spark gave the task to compute on
     */
    public SharedBase(HostModel host, BaseModel base, TaskGpu gpu) {
        this.host = host;
        this.base = base;
        this.gpu = gpu;
    }

    /** The base under an adapter, until the next is asked for; not to be closed by the caller. */
    public TorchScriptProgram under(Finetuned adapter) {
        return under(adapter.config(), adapter.parameters());
    }

    /** The same with the adapter in parts: what it is, and its parameters in the order of its layout. */
    public TorchScriptProgram under(Finetuning adapter, float[] parameters) {
        TorchScriptProgram open = program;
        if (open == null || !adapter.equals(config)) {
            close();
            open = host.program(base, adapter, gpu);
            program = open;
            config = adapter;
        }
        open.load(parameters);
        return open;
    }

    @Override
    public void close() {
        if (program != null) {
            program.close();
            program = null;
        }
    }
}
