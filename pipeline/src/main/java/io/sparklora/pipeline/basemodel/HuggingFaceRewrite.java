package io.sparklora.pipeline.basemodel;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A Hugging Face directory written again: its weights as safetensors, in one file or in shards with an index, each once
 * (a tied head is the embedding); what configuration and tokenizer are made of as it is, but for the weights' type in
 * {@code config.json}.
 */
final class HuggingFaceRewrite implements ModelRewrite {
    private static final long SHARD_BYTES = 5_000_000_000L;
    private static final String CONFIG = "config.json";
    /** What a directory holds beside weights that has a meaning for its readers, and the terms that it comes under. */
    private static final Predicate<String> KEPT = Pattern.compile("config\\.json|generation_config\\.json"
                    + "|tokenizer\\.json|tokenizer_config\\.json|special_tokens_map\\.json|added_tokens\\.json"
                    + "|vocab\\.json|vocab\\.txt|merges\\.txt|tokenizer\\.model|chat_template\\.(jinja|json)"
                    + "|(LICENSE|NOTICE|USE_POLICY).*")
            .asMatchPredicate();
    /** transformers' name of the weights' type, of late and before. */
    private static final List<String> TYPE_KEYS = List.of("dtype", "torch_dtype");

    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path directory;
    private final HuggingFaceWeights files;
    private final long shardBytes;
    private final Map<SafetensorsTensor, SafetensorsFile> owners = new LinkedHashMap<>();
    /** What the names of all tensors lack, see {@link FamilyNames#prefix}. */
    private final String left;

    private HuggingFaceRewrite(Path directory, HuggingFaceWeights files, DecoderShape shape, long shardBytes) {
        this.directory = directory;
        this.files = files;
        this.shardBytes = shardBytes;
        FamilyNames names = FamilyNames.of(shape);
        boolean bare = tensors(files).noneMatch(tensor -> tensor.name().startsWith(names.prefix()));
        left = bare ? names.prefix() : "";
        String tied = names.head() + ".weight";
        for (SafetensorsFile file : files.files().values()) {
            for (SafetensorsTensor tensor : file.tensors()) {
                if (!(shape.tiedHead() && name(tensor).equals(tied))) {
                    owners.put(tensor, file);
                }
            }
        }
    }

    private static Stream<SafetensorsTensor> tensors(HuggingFaceWeights files) {
        return files.files().values().stream().flatMap(file -> file.tensors().stream());
    }

    /** The name that transformers gives a tensor; a head has no prefix. */
    private String name(SafetensorsTensor tensor) {
        return tensor.name().startsWith("lm_head.") ? tensor.name() : left + tensor.name();
    }

    static HuggingFaceRewrite open(Path directory, DecoderShape shape) {
        return open(directory, shape, SHARD_BYTES);
    }

    /** The same with another size that a file does not pass unless it is of one tensor. */
    static HuggingFaceRewrite open(Path directory, DecoderShape shape, long shardBytes) {
        return new HuggingFaceRewrite(directory, HuggingFaceWeights.open(directory), shape, shardBytes);
    }

    @Override
    public List<BaseTensor> weights() {
        return owners.keySet().stream()
                .filter(HuggingFaceRewrite::isWeight)
                .map(tensor -> rows(tensor).tensor())
                .toList();
    }

    private static boolean isWeight(SafetensorsTensor tensor) {
        boolean named = tensor.name().endsWith(".weight") || tensor.name().endsWith(".bias");
        return named && tensor.type().weightType().isPresent() && tensor.elements() > 0;
    }

    /** A vector is one row; of more dimensions, all but the last are rows. */
    private StoredRows rows(SafetensorsTensor tensor) {
        int last = tensor.shape().size() - 1;
        int columns = last < 0 ? 1 : Math.toIntExact(tensor.shape().get(last));
        ElementType type = tensor.type().weightType().orElseThrow();
        BaseTensor weight = new BaseTensor(name(tensor), tensor.elements() / columns, columns, type);
        SafetensorsFile file = Optional.ofNullable(owners.get(tensor)).orElseThrow();
        return new StoredRows(weight, file.source(), tensor.offset(), RowOrder.AS_STORED);
    }

    @Override
    public Plan plan(Optional<ElementType> type, WeightChanges changes) {
        type.filter(wanted -> wanted.blockElements() > 1).ifPresent(wanted -> {
            throw new IllegalArgumentException(
                    "a Hugging Face directory holds F32, F16 or BF16 but not " + wanted + ", which is GGUF's");
        });
        List<Shard> shards = new ArrayList<>(List.of(new Shard()));
        for (SafetensorsTensor tensor : owners.keySet()) {
            SafetensorsTensor written = written(tensor, type);
            Shard last = shards.get(shards.size() - 1);
            if (last.bytes > 0 && last.bytes + written.byteLength() > shardBytes) {
                last = new Shard();
                shards.add(last);
            }
            last.add(tensor, written, changes);
        }
        return new DirectoryPlan(shards, type);
    }

    private static SafetensorsTensor written(SafetensorsTensor tensor, Optional<ElementType> type) {
        SafetensorsType written = type.filter(wanted -> isWeight(tensor))
                .map(wanted -> SafetensorsType.valueOf(wanted.name()))
                .orElse(tensor.type());
        return new SafetensorsTensor(tensor.name(), written, tensor.shape(), tensor.offset());
    }

    @Override
    public void close() {
        files.close();
    }

    /** One of the files to write. */
    private final class Shard {
        private final SafetensorsWriter writer = new SafetensorsWriter().metadata("format", "pt");
        private final List<String> names = new ArrayList<>();
        private long bytes;

        void add(SafetensorsTensor tensor, SafetensorsTensor written, WeightChanges changes) {
            boolean kept = !changes.contains(name(tensor)) && written.type() == tensor.type();
            writer.add(
                    tensor.name(),
                    written.type(),
                    tensor.shape(),
                    kept ? copy(tensor) : rewritten(tensor, written.type(), changes));
            names.add(tensor.name());
            bytes += written.byteLength();
        }

        private TensorContent rewritten(SafetensorsTensor tensor, SafetensorsType type, WeightChanges changes) {
            return new RewrittenWeight(rows(tensor), type.weightType().orElseThrow(), changes);
        }

        private TensorContent copy(SafetensorsTensor tensor) {
            SafetensorsFile file = Optional.ofNullable(owners.get(tensor)).orElseThrow();
            return out -> file.source().copy(tensor.offset(), tensor.byteLength(), out);
        }

        void write(Path file, Progress progress) throws IOException {
            try (OutputStream out =
                    new BufferedOutputStream(Files.newOutputStream(file, StandardOpenOption.CREATE_NEW))) {
                writer.writeTo(out, progress);
            }
        }
    }

    private final class DirectoryPlan implements Plan {
        private final List<Shard> shards;
        private final Optional<ElementType> type;

        DirectoryPlan(List<Shard> shards, Optional<ElementType> type) {
            this.shards = shards;
            this.type = type;
        }

        @Override
        public int tensors() {
            return owners.size();
        }

        @Override
        public long bytes() {
            return shards.stream().mapToLong(shard -> shard.bytes).sum();
        }

        @Override
        public void write(Path target, Progress progress) throws IOException {
            Files.createDirectory(target);
            copyKept(target);
            if (type.isPresent()) {
                writeConfig(target.resolve(CONFIG), type.get());
            }
            if (shards.size() == 1) {
                shards.get(0).write(target.resolve(HuggingFaceWeights.SINGLE), progress);
                return;
            }
            Map<String, String> places = new TreeMap<>();
            for (int i = 0; i < shards.size(); i++) {
                String name = String.format(Locale.ROOT, "model-%05d-of-%05d.safetensors", i + 1, shards.size());
                shards.get(i).write(target.resolve(name), progress);
                shards.get(i).names.forEach(tensor -> places.put(tensor, name));
            }
            ObjectNode index = JSON.createObjectNode();
            index.putObject("metadata").put("total_size", bytes());
            index.set("weight_map", JSON.valueToTree(places));
            write(target.resolve(HuggingFaceWeights.INDEX), index);
        }

        private void copyKept(Path target) throws IOException {
            try (var entries = Files.list(directory)) {
                for (Path file : entries.sorted().toList()) {
                    String name = file.getFileName().toString();
                    if (KEPT.test(name) && Files.isRegularFile(file)) {
                        Files.copy(file, target.resolve(name));
                    }
                }
            }
        }

        private static void writeConfig(Path file, ElementType type) throws IOException {
            ObjectNode config = StrictJson.read(file).deepCopy();
            String name =
                    switch (type) {
                        case F16 -> "float16";
                        case BF16 -> "bfloat16";
                        default -> "float32";
                    };
            List<String> keys = TYPE_KEYS.stream().filter(config::has).toList();
            (keys.isEmpty() ? TYPE_KEYS : keys).forEach(key -> config.put(key, name));
            write(file, config);
        }

        private static void write(Path file, ObjectNode json) throws IOException {
            Files.write(file, JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(json));
        }
    }
}
