package io.sparklora.pipeline.basemodel;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;

/** The safetensors files of a Hugging Face directory: one, or the shards that an index lists. */
final class HuggingFaceWeights implements AutoCloseable {
    static final String SINGLE = "model.safetensors";
    static final String INDEX = "model.safetensors.index.json";
    private static final Pattern SHARD = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_.-]*\\.safetensors");
    /** Buffers that old checkpoints keep although they follow from the configuration. */
    private static final Pattern BUFFER = Pattern.compile("model\\.layers\\.\\d+\\.self_attn\\.rotary_emb\\.inv_freq"
            + "|(transformer\\.)?h\\.\\d+\\.attn\\.(masked_)?bias"
            + "|gpt_neox\\.layers\\.\\d+\\.attention\\.((masked_)?bias|rotary_emb\\.inv_freq)");

    private final Path directory;
    private final SortedMap<String, SafetensorsFile> files = new TreeMap<>();

    private HuggingFaceWeights(Path directory) {
        this.directory = directory;
    }

    /** Opens the files; the caller closes them. A single file goes before an index, as in transformers. */
    static HuggingFaceWeights open(Path directory) {
        HuggingFaceWeights weights = new HuggingFaceWeights(directory);
        try {
            weights.openFiles();
            return weights;
        } catch (RuntimeException | Error e) {
            weights.close();
            throw e;
        }
    }

    private void openFiles() {
        if (Files.exists(directory.resolve(SINGLE))) {
            openFile(SINGLE);
            return;
        }
        if (!Files.exists(directory.resolve(INDEX))) {
            throw new InvalidBaseModelException(
                    directory + ": there is neither " + SINGLE + " nor " + INDEX + " (other formats are not read)");
        }
        Path index = directory.resolve(INDEX);
        JsonFields fields = new JsonFields(StrictJson.read(index), index.toString());
        JsonFields map = fields.object("weight_map").orElseThrow(() -> fields.missing("weight_map"));
        for (Map.Entry<String, JsonNode> entry : map.object().properties()) {
            String shard = map.text(entry.getKey()).orElse("");
            if (!SHARD.matcher(shard).matches()) {
                throw map.refusal(entry.getKey(), "the name of a .safetensors file in this directory");
            }
            openFile(shard).tensor(entry.getKey());
        }
    }

    private SafetensorsFile openFile(String name) {
        return files.computeIfAbsent(name, file -> SafetensorsFile.open(directory.resolve(file)));
    }

    /** The opened files by name, in the order of their names. */
    Map<String, SafetensorsFile> files() {
        return Collections.unmodifiableMap(files);
    }

    /** The weights that a shape calls for: none missing, none left over. */
    WeightTable table(DecoderShape shape) {
        Map<String, SafetensorsFile> owners = owners();
        List<StoredRows> weights = new ArrayList<>();
        Set<String> known = new HashSet<>();
        FamilyNames names = FamilyNames.of(shape);
        boolean bare = owners.keySet().stream().noneMatch(name -> name.startsWith(names.prefix()));
        String left = bare ? names.prefix() : "";
        for (DecoderTensors.Expected expected : DecoderTensors.of(shape)) {
            FamilyNames.Stored stored = names.stored(expected, shape).without(left);
            SafetensorsFile owner = Optional.ofNullable(owners.get(stored.name()))
                    .orElseThrow(() ->
                            new InvalidBaseModelException(directory + ": tensor " + stored.name() + " is missing"));
            weights.add(weight(owner, expected, stored));
            known.add(stored.name());
        }
        if (shape.tiedHead()) {
            known.add(names.head() + ".weight");
        }
        for (Map.Entry<String, SafetensorsFile> owned : owners.entrySet()) {
            if (!known.contains(owned.getKey())
                    && !BUFFER.matcher(owned.getKey()).matches()) {
                throw new InvalidBaseModelException(owned.getValue().source().name() + ": tensor " + owned.getKey()
                        + " has no place in family " + shape.architecture()
                        + " as computed here; such a model is not read");
            }
        }
        return new WeightTable(weights);
    }

    private Map<String, SafetensorsFile> owners() {
        Map<String, SafetensorsFile> owners = new LinkedHashMap<>();
        for (SafetensorsFile file : files.values()) {
            for (SafetensorsTensor tensor : file.tensors()) {
                if (owners.put(tensor.name(), file) != null) {
                    throw new InvalidBaseModelException(
                            file.source().name() + ": tensor " + tensor.name() + " is in another shard, too");
                }
            }
        }
        return owners;
    }

    private static StoredRows weight(
            SafetensorsFile file, DecoderTensors.Expected expected, FamilyNames.Stored stored) {
        SafetensorsTensor tensor = file.tensor(stored.name());
        List<Long> shape = stored.shape();
        Optional<ElementType> type = tensor.type().weightType();
        if (!tensor.shape().equals(shape) || type.isEmpty()) {
            throw new InvalidBaseModelException(file.source().name() + ": tensor " + tensor.name() + " is "
                    + tensor.type() + " " + tensor.shape() + " but must be F32, F16 or BF16 " + shape);
        }
        BaseTensor described = new BaseTensor(expected.name(), expected.rows(), expected.columns(), type.get());
        return new StoredRows(described, file.source(), tensor.offset(), stored.order());
    }

    @Override
    public void close() {
        files.values().forEach(SafetensorsFile::close);
    }
}
