package io.sparklora.pipeline.basemodel;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A GGUF file written again: its metadata to the byte but for what names the weights' type, its tensors in their order. A
 * tensor is one weight under the name that the family's checkpoints have for it, whether it is one of {@link BaseModel}'s
 * or holds several, one below the other; its rows are output features whatever the checkpoints'.
 *
 * A file of one type has it for matrices alone, as llama.cpp's own: vectors are F32, and a matrix whose rows are not whole
 * blocks of Q8_0 is F16.
 */
final class GgufRewrite implements ModelRewrite {
    private static final String FILE_TYPE = "general.file_type";
    private static final String QUANTISATION_VERSION = "general.quantization_version";
    /** The layout of ggml's blocks ({@code GGML_QNT_VERSION}). */
    private static final int QUANTISATION = 2;

    private final GgufFile file;
    /** By their positions in the file. */
    private final SortedMap<Long, StoredRows> weights = new TreeMap<>();

    private GgufRewrite(GgufFile file, DecoderShape shape) {
        this.file = file;
        WeightTable parts = GgufWeights.of(file, shape);
        FamilyNames names = FamilyNames.of(shape);
        Map<Long, GgufTensor> tensors = new HashMap<>();
        file.tensors().forEach(tensor -> tensors.put(tensor.position(), tensor));
        for (DecoderTensors.Expected expected : DecoderTensors.of(shape)) {
            StoredRows part = parts.weight(expected.name());
            GgufTensor tensor = Objects.requireNonNull(tensors.get(part.position()));
            weights.putIfAbsent(
                    part.position(), whole(tensor, names.stored(expected, shape).name(), part));
        }
    }

    /** All rows of the tensor that a part lies in; only one that is all of it has an order of its own. */
    private static StoredRows whole(GgufTensor tensor, String name, StoredRows part) {
        int columns = Math.toIntExact(tensor.dimensions().get(0));
        RowOrder order = part.order() instanceof RowOrder.Interleaved heads ? heads : RowOrder.AS_STORED;
        BaseTensor weight = new BaseTensor(name, tensor.elements() / columns, columns, tensor.type());
        return new StoredRows(weight, part.source(), tensor.position(), order);
    }

    static GgufRewrite open(Path path, DecoderShape shape) {
        GgufFile file = GgufFile.open(path);
        try {
            return new GgufRewrite(file, shape);
        } catch (RuntimeException | Error e) {
            file.close();
            throw e;
        }
    }

    @Override
    public List<BaseTensor> weights() {
        return weights.values().stream().map(StoredRows::tensor).toList();
    }

    @Override
    public Plan plan(Optional<ElementType> type, WeightChanges changes) {
        GgufWriter writer = new GgufWriter(file.alignment());
        addMetadata(writer, type);
        for (GgufTensor tensor : file.tensors()) {
            @Nullable StoredRows rows = weights.get(tensor.position());
            if (rows == null) {
                writer.tensor(tensor.name(), tensor.type(), tensor.dimensions(), copy(tensor));
            } else {
                add(writer, tensor, rows, type, changes);
            }
        }
        return new GgufPlan(writer);
    }

    private void addMetadata(GgufWriter writer, Optional<ElementType> type) {
        Map<String, Integer> replaced = new TreeMap<>();
        type.ifPresent(written -> replaced.put(FILE_TYPE, fileType(written)));
        type.filter(written -> written == ElementType.Q8_0)
                .ifPresent(written -> replaced.put(QUANTISATION_VERSION, QUANTISATION));
        for (GgufEntry entry : file.entries()) {
            @Nullable Integer number = replaced.remove(entry.key());
            if (number == null) {
                byte[] bytes = new byte[(int) (entry.end() - entry.start())];
                file.source().read(entry.start(), bytes, 0, bytes.length);
                writer.metadata(bytes);
            } else {
                writer.metadata(entry.key(), number);
            }
        }
        replaced.forEach(writer::metadata);
    }

    /** What {@code llama.h} calls the type that most weights have (enum llama_ftype). */
    private static int fileType(ElementType type) {
        return switch (type) {
            case F32 -> 0;
            case F16 -> 1;
            case Q8_0 -> 7;
            case BF16 -> 32;
            default -> throw new IllegalArgumentException("weights are not written as " + type);
        };
    }

    private void add(
            GgufWriter writer, GgufTensor tensor, StoredRows rows, Optional<ElementType> type, WeightChanges changes) {
        boolean changed = changes.contains(rows.tensor().name());
        ElementType written = type.map(wanted -> fitting(wanted, tensor)).orElse(tensor.type());
        if (changed && !Quantiser.writes(written)) {
            throw new IllegalArgumentException(file.name() + " stores " + tensor.name() + " as " + written
                    + ", which is only read: name a type to write all weights in");
        }
        boolean kept = !changed && written == tensor.type();
        writer.tensor(
                tensor.name(),
                written,
                tensor.dimensions(),
                kept ? copy(tensor) : new RewrittenWeight(rows, written, changes));
    }

    private static ElementType fitting(ElementType wanted, GgufTensor tensor) {
        if (tensor.dimensions().size() == 1) {
            return ElementType.F32;
        }
        return tensor.dimensions().get(0) % wanted.blockElements() == 0 ? wanted : ElementType.F16;
    }

    private TensorContent copy(GgufTensor tensor) {
        return out -> file.source().copy(tensor.position(), tensor.byteLength(), out);
    }

    @Override
    public void close() {
        file.close();
    }

    private record GgufPlan(GgufWriter writer) implements Plan {
        @Override
        public int tensors() {
            return writer.tensors();
        }

        @Override
        public long bytes() {
            return writer.bytes();
        }

        @Override
        public void write(Path target, Progress progress) throws IOException {
            try (OutputStream out =
                    new BufferedOutputStream(Files.newOutputStream(target, StandardOpenOption.CREATE_NEW))) {
                writer.writeTo(out, progress);
            }
        }
    }
}
