package io.sparklora.training.lora;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.adapter.LoraModules;
import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.pipeline.basemodel.InvalidBaseModelException;
import io.sparklora.pipeline.basemodel.SafetensorsFile;
import io.sparklora.pipeline.basemodel.SafetensorsWriter;
import io.sparklora.pipeline.run.Storage;
import java.nio.FloatBuffer;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * An adapter as Hugging Face PEFT keeps it: a directory with {@code adapter_config.json} and
 * {@code adapter_model.safetensors}. Equal adapters give equal bytes.
 */
public final class PeftAdapter implements Finetuned {
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
        if (parameters.length != layout.parameterCount()) {
            throw new IllegalArgumentException(
                    "the layout has " + layout.parameterCount() + " parameters but was given " + parameters.length);
        }
        this.config = config;
        this.layout = layout;
        this.parameters = parameters;
    }

    /** What the adapter is. */
    @Override
    public PeftConfig config() {
        return config;
    }

    /** Where each matrix lies in {@link #parameters()}. */
    public LoraLayout layout() {
        return layout;
    }

    @Override
    public float[] parameters() {
        return parameters;
    }

    /**
     * The adapter as every server computes it alike ({@link PortableProfile}).
     *
     * @param config what the parameters were trained as
     * @param base the model that they were trained over
     * @param parameters in the order of the configuration's layout over the base
     */
    public static PeftAdapter portable(PeftConfig config, BaseModel base, float[] parameters) {
        return new PortableProfile(
                        config.baseModel(),
                        config.shape().alpha(),
                        LoraModules.of(base.shape()),
                        config.layout(base.shape()))
                .adapter(parameters);
    }

    /** Writes both files into a directory, which is made. */
    @Override
    public void write(Storage storage, Path directory) {
        storage.create(new Path(directory, TENSORS_FILE), tensors()::writeTo);
        storage.create(new Path(directory, PeftConfig.FILE), config.json(layout.orientation()));
    }

    /**
     * Reads an adapter, ours or PEFT's, and refuses whatever would not take effect as it stands.
     *
     * @param directory holds both files; any location that Hadoop's FileSystem opens
     * @param base the model that the adapter is to be used with
     * @throws StageFailure ({@link ExitCode#MISMATCH}) where a file is missing or damaged, the configuration asks for
     *     what is not built ({@link PeftConfig#parse}), or the tensors are not, one for one and size for size, those of the
     *     configured branches and modules over this base
     */
    public static PeftAdapter read(Storage storage, Path directory, BaseModel base) {
        Path configFile = required(storage, directory, PeftConfig.FILE);
        PeftConfig config = PeftConfig.parse(storage.read(configFile), configFile);
        Path tensorsFile = required(storage, directory, TENSORS_FILE);
        try (SafetensorsFile file = open(storage, tensorsFile)) {
            LoraLayout layout = config.layout(base.shape());
            return new PeftAdapter(config, layout, new PeftTensors(file, layout).parameters());
        } catch (InvalidBaseModelException e) {
            throw new StageFailure(ExitCode.MISMATCH, String.valueOf(e.getMessage()), e);
        } catch (IllegalArgumentException e) {
            String made = config.baseModel().isEmpty() ? "" : ", made for " + config.baseModel() + ",";
            throw new StageFailure(
                    ExitCode.MISMATCH,
                    "the adapter in " + directory + made + " does not fit the base model " + base.path() + ": "
                            + e.getMessage(),
                    e);
        }
    }

    private static SafetensorsFile open(Storage storage, Path file) {
        FileSystem fileSystem = storage.of(file);
        return "file".equals(fileSystem.getScheme())
                ? SafetensorsFile.open(
                        java.nio.file.Path.of(fileSystem.makeQualified(file).toUri()))
                : SafetensorsFile.parse(storage.read(file), file.toString());
    }

    private static Path required(Storage storage, Path directory, String name) {
        Path file = new Path(directory, name);
        if (!storage.exists(file)) {
            throw new StageFailure(
                    ExitCode.MISMATCH, "there is no adapter in " + directory + ": " + name + " is missing");
        }
        return file;
    }

    private SafetensorsWriter tensors() {
        SafetensorsWriter writer = new SafetensorsWriter().metadata("format", "pt");
        for (LoraEntry entry : layout.entries()) {
            writer.add(entry.key(), entry.shape(), FloatBuffer.wrap(entry.stored(parameters)));
        }
        for (SavedEntry entry : layout.saved()) {
            writer.add(entry.key(), entry.shape(), FloatBuffer.wrap(parameters, entry.offset(), entry.elements()));
        }
        return writer;
    }
}
