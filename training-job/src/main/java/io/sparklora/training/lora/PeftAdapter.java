package io.sparklora.training.lora;

import io.sparklora.pipeline.basemodel.SafetensorsWriter;
import io.sparklora.pipeline.run.Storage;
import java.nio.FloatBuffer;
import java.util.List;
import org.apache.hadoop.fs.Path;

/**
 * An adapter as Hugging Face PEFT keeps it: a directory with {@code adapter_config.json} and
 * {@code adapter_model.safetensors}. Equal adapters give equal bytes.
 */
public final class PeftAdapter {
    /** The tensors' file in an adapter's directory. */
    public static final String TENSORS_FILE = "adapter_model.safetensors";

    private final PeftConfig config;
    private final LoraLayout layout;
    private final float[] parameters;

    /**
     * An adapter of its parts.
     *
     * @param config what the adapter is
     * @param layout where each matrix lies in {@code parameters}
     * @param parameters the flat vector, length {@link LoraLayout#parameterCount()}; taken over, not copied
     * @throws IllegalArgumentException where the parts do not belong together
     */
    public PeftAdapter(PeftConfig config, LoraLayout layout, float[] parameters) {
        if (config.rank() != layout.rank() || !config.targets().equals(layout.targets())) {
            throw new IllegalArgumentException("an adapter of rank " + config.rank() + " on " + config.targets()
                    + " has no layout of rank " + layout.rank() + " on " + layout.targets());
        }
        if (parameters.length != layout.parameterCount()) {
            throw new IllegalArgumentException(
                    "the layout has " + layout.parameterCount() + " parameters but was given " + parameters.length);
        }
        this.config = config;
        this.layout = layout;
        this.parameters = parameters;
    }

    /** What the adapter is. */
    public PeftConfig config() {
        return config;
    }

    /** Where each matrix lies in {@link #parameters()}. */
    public LoraLayout layout() {
        return layout;
    }

    /** The flat vector itself, not a copy. */
    public float[] parameters() {
        return parameters;
    }

    /** Writes both files into a directory, which is made. */
    public void write(Storage storage, Path directory) {
        storage.create(new Path(directory, TENSORS_FILE), tensors()::writeTo);
        storage.create(new Path(directory, PeftConfig.FILE), config.json());
    }

    private SafetensorsWriter tensors() {
        SafetensorsWriter writer = new SafetensorsWriter().metadata("format", "pt");
        for (LoraEntry entry : layout.entries()) {
            List<Long> shape = List.of((long) entry.rows(), (long) entry.columns());
            writer.add(entry.key(), shape, FloatBuffer.wrap(parameters, entry.offset(), entry.elements()));
        }
        return writer;
    }
}
