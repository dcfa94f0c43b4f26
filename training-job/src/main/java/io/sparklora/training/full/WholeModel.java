package io.sparklora.training.full;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.pipeline.basemodel.DecoderShape;
import io.sparklora.pipeline.basemodel.ElementType;
import io.sparklora.pipeline.basemodel.InvalidBaseModelException;
import io.sparklora.pipeline.basemodel.ModelRewrite;
import io.sparklora.pipeline.basemodel.ReplacedWeights;
import io.sparklora.pipeline.run.Storage;
import io.sparklora.training.lora.Finetuned;
import io.sparklora.training.lora.LoraLayout;
import io.sparklora.training.lora.WholeEntry;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.apache.hadoop.fs.Path;

/**
 * A whole model as full fine-tuning leaves it: the base's Hugging Face directory with every weight another, in fp32.
 *
 * <p>In files it is what the base is, fused and transposed as its family is, with the base's configuration and tokenizer;
 * in memory one flat vector. Writing reads back what was written.
 */
public final class WholeModel implements Finetuned {
    /** A stretch of rows that is read at a time has about so many values. */
    private static final int VALUES_AT_ONCE = 1 << 20;

    private final java.nio.file.Path base;
    private final LoraLayout layout;
    private final float[] parameters;

    /**
     * A model of its parts.
     *
     * @param base directory of the base model, of which configuration and tokenizer are taken
     * @param layout of every weight of the base
     * @param parameters the flat vector; taken over, not copied
     */
    WholeModel(java.nio.file.Path base, LoraLayout layout, float[] parameters) {
        if (parameters.length != layout.parameterCount()) {
            throw new IllegalArgumentException(
                    "the model has " + layout.parameterCount() + " weights but was given " + parameters.length);
        }
        this.base = base;
        this.layout = layout;
        this.parameters = parameters;
    }

    /** The base itself, as it is before the first step: its values, not rounded to how they are kept for training. */
    public static WholeModel of(BaseModel base) {
        LoraLayout layout = new EveryWeight().layout(base.shape());
        float[] parameters = new float[layout.parameterCount()];
        layout.whole().forEach(entry -> read(base, entry, parameters));
        return new WholeModel(base.path(), layout, parameters);
    }

    private static void read(BaseModel model, WholeEntry entry, float[] parameters) {
        int columns = entry.weight().columns();
        int rowsAtOnce = Math.max(1, VALUES_AT_ONCE / columns);
        float[] values = new float[Math.min(rowsAtOnce, entry.weight().rows()) * columns];
        for (int first = 0; first < entry.weight().rows(); first += rowsAtOnce) {
            int rows = Math.min(rowsAtOnce, entry.weight().rows() - first);
            model.read(entry.weight().name(), first, rows, values);
            System.arraycopy(values, 0, parameters, entry.offset() + first * columns, rows * columns);
        }
    }

    /**
     * Reads a model that was trained from a base.
     *
     * @param directory holds it, with the manifest of a version or without; any location that Hadoop's FileSystem opens
     * @throws StageFailure ({@link ExitCode#MISMATCH}) where it is missing, damaged, or of another shape than the base
     */
    public static WholeModel read(Storage storage, Path directory, BaseModel base) {
        try (LocalCopy local = LocalCopy.of(storage, directory);
                BaseModel model = BaseModel.open(local.directory())) {
            refuseOther(directory, model.shape(), base);
            return new WholeModel(
                    base.path(),
                    new EveryWeight().layout(base.shape()),
                    of(model).parameters());
        } catch (InvalidBaseModelException e) {
            throw new StageFailure(ExitCode.MISMATCH, String.valueOf(e.getMessage()), e);
        }
    }

    private static void refuseOther(Path directory, DecoderShape shape, BaseModel base) {
        if (!shape.equals(base.shape())) {
            throw new StageFailure(
                    ExitCode.MISMATCH,
                    "the model in " + directory + " is of another shape than the base model " + base.path()
                            + ", which it should have been trained from");
        }
    }

    @Override
    public EveryWeight config() {
        return new EveryWeight();
    }

    @Override
    public float[] parameters() {
        return parameters;
    }

    /**
     * Writes {@code model.safetensors} in fp32 and what else the base's directory has for its readers.
     *
     * @throws StageFailure ({@link ExitCode#INTERNAL}) where what was written is not the model, which nobody should see
     */
    @Override
    public void write(Storage storage, Path directory) {
        try (LocalCopy aside = LocalCopy.empty()) {
            java.nio.file.Path written = aside.directory().resolve("model");
            try (BaseModel model = BaseModel.open(base);
                    ModelRewrite rewrite = ModelRewrite.of(model)) {
                Map<String, Integer> offsets = layout.whole().stream()
                        .collect(Collectors.toMap(entry -> entry.weight().name(), WholeEntry::offset));
                ReplacedWeights replaced = ReplacedWeights.of(model.shape(), offsets, parameters);
                replaced.check(rewrite.weights());
                rewrite.plan(Optional.of(ElementType.F32), replaced).write(written, (tensor, bytes) -> {});
            }
            check(written);
            upload(storage, written, directory);
        } catch (IOException e) {
            throw new StageFailure(ExitCode.RETRYABLE, "can't write the model to " + directory + ": " + e, e);
        } catch (InvalidBaseModelException e) {
            throw new StageFailure(ExitCode.MISMATCH, String.valueOf(e.getMessage()), e);
        }
    }

    private void check(java.nio.file.Path written) {
        try (BaseModel model = BaseModel.open(written)) {
            if (!Arrays.equals(of(model).parameters(), parameters)) {
                throw new StageFailure(
                        ExitCode.INTERNAL, "the model written to " + written + " is not the one that was trained");
            }
        }
    }

    private static void upload(Storage storage, java.nio.file.Path from, Path to) throws IOException {
        try (var files = Files.list(from)) {
            for (java.nio.file.Path file : files.sorted().toList()) {
                storage.create(new Path(to, file.getFileName().toString()), out -> Files.copy(file, out));
            }
        }
    }
}
