package io.sparklora.pipeline.basemodel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparklora.pipeline.basemodel.ModelRewrite.Plan;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ModelRewriteTest {
    private static final String QUERY = "model.layers.1.self_attn.q_proj.weight";
    private static final String DOWN = "model.layers.0.mlp.down_proj.weight";

    @TempDir
    private Path directory;

    /** Adds 1 + row / 8 + column / 1024 to some weights, which floats hold exactly and each row and column tells apart. */
    private record Marks(Set<String> weights) implements WeightChanges {
        static final Marks NONE = new Marks(Set.of());

        @Override
        public boolean contains(String weight) {
            return weights.contains(weight);
        }

        @Override
        public RowChange of(BaseTensor weight, Rows unchanged) {
            return (firstRow, rows, values) -> {
                for (int i = 0; i < rows * weight.columns(); i++) {
                    values[i] += mark(firstRow + i / weight.columns(), i % weight.columns());
                }
            };
        }

        static double mark(long row, int column) {
            return 1 + row / 8.0 + column / 1024.0;
        }
    }

    private Path rewritten(Path model, String name, Optional<ElementType> type, Marks changes) throws IOException {
        Path target = directory.resolve(name);
        try (BaseModel base = BaseModel.open(model);
                ModelRewrite rewrite = ModelRewrite.of(base)) {
            List<Long> written = new ArrayList<>();
            Plan plan = rewrite.plan(type, changes);
            plan.write(target, (tensor, bytes) -> written.add(bytes));
            assertThat(written).hasSize(plan.tensors());
            assertThat(written.stream().mapToLong(Long::longValue).sum()).isEqualTo(plan.bytes());
        }
        return target;
    }

    private static float[] values(BaseModel model, String name) {
        BaseTensor tensor = model.tensor(name);
        float[] values = new float[(int) tensor.elements()];
        model.read(name, 0, (int) tensor.rows(), values);
        return values;
    }

    /** Every weight of the copy is the model's, or what the marks make of it, within the type's rounding. */
    private static void assertMarked(Path model, Path copy, Marks marks, double relative) {
        try (BaseModel base = BaseModel.open(model);
                BaseModel written = BaseModel.open(copy)) {
            assertThat(written.shape()).isEqualTo(base.shape());
            for (BaseTensor tensor : base.tensors()) {
                float[] before = values(base, tensor.name());
                float[] after = values(written, tensor.name());
                double largest = 0;
                for (float value : before) {
                    largest = Math.max(largest, Math.abs(value));
                }
                double most = marks.contains(tensor.name()) ? largest + Marks.mark(tensor.rows(), 1024) : largest;
                for (int i = 0; i < before.length; i++) {
                    double mark =
                            marks.contains(tensor.name()) ? Marks.mark(i / tensor.columns(), i % tensor.columns()) : 0;
                    assertThat((double) after[i])
                            .as("%s %d", tensor.name(), i)
                            .isCloseTo(before[i] + mark, org.assertj.core.data.Offset.offset(relative * most));
                }
            }
        }
    }

    @Test
    void writesAGgufFileOfTheSameBytesWhereNothingChanges() throws IOException {
        Path model = Files.write(
                directory.resolve("model.gguf"),
                TinyLlama.seeded(1)
                        .ggufBytes()
                        .alignment(64)
                        .metadata("general.alignment", 64)
                        .metadata("general.file_type", 0)
                        .raw(new GgufBytes.Bytes().text("made.up").int32(0).int8(255))
                        .build());

        Path copy = rewritten(model, "copy.gguf", Optional.empty(), Marks.NONE);

        assertThat(copy).hasSameBinaryContentAs(model);
    }

    @Test
    void changesRowsOfAGgufFileInTheOrderOfHuggingFace() throws IOException {
        Path model = TinyModels.gguf(directory.resolve("model.gguf"), 1);
        Marks marks = new Marks(Set.of(QUERY, DOWN));

        Path copy = rewritten(model, "copy.gguf", Optional.empty(), marks);

        assertMarked(model, copy, marks, 1e-7);
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "F16", "BF16", "Q8_0"})
    void writesTheMatricesOfAGgufFileInOneTypeAndNamesIt(ElementType type) throws IOException {
        Path model = TinyModels.gguf(directory.resolve("model.gguf"), 1);
        Marks marks = new Marks(Set.of(QUERY));

        Path copy = rewritten(model, "copy.gguf", Optional.of(type), marks);

        assertMarked(
                model,
                copy,
                marks,
                switch (type) {
                    case F32 -> 1e-7;
                    case F16 -> 0x1p-11;
                    case BF16 -> 0x1p-8;
                    default -> 1 / 254.0 + 0x1p-11;
                });
        try (GgufFile before = GgufFile.open(model);
                GgufFile after = GgufFile.open(copy)) {
            assertThat(after.tensors()).allSatisfy(tensor -> assertThat(tensor.type())
                    .isEqualTo(tensor.dimensions().size() == 1 ? ElementType.F32 : type));
            assertThat(after.metadata().whole("general.file_type").orElseThrow())
                    .isEqualTo(Map.of("F32", 0L, "F16", 1L, "BF16", 32L, "Q8_0", 7L)
                            .get(type.name()));
            assertThat(after.metadata().has("general.quantization_version")).isEqualTo(type == ElementType.Q8_0);
            assertThat(after.metadata().keys())
                    .containsAll(before.metadata().keys())
                    .hasSize(before.metadata().keys().size() + (type == ElementType.Q8_0 ? 2 : 1));
        }
        try (BaseModel base = BaseModel.open(model);
                BaseModel written = BaseModel.open(copy)) {
            assertThat(written.tokenizerJson()).isEqualTo(base.tokenizerJson());
            assertThat(written.chatTemplate()).isEqualTo(base.chatTemplate());
        }
    }

    @Test
    void refusesToKeepATypeThatIsOnlyReadForAWeightThatChanges() throws IOException {
        Path model = Files.write(
                directory.resolve("model.gguf"),
                TinyLlama.seeded(1)
                        .ggufBytes()
                        .withoutTensor("blk.1.attn_q.weight")
                        .tensor("blk.1.attn_q.weight", ElementType.Q4_1, new byte[32 * 20], 32, 32)
                        .build());

        assertThatThrownBy(() -> rewritten(model, "copy.gguf", Optional.empty(), new Marks(Set.of(QUERY))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(model + " stores blk.1.attn_q.weight as Q4_1, which is only read: name a type to write all"
                        + " weights in");
        assertThat(rewritten(model, "kept.gguf", Optional.empty(), new Marks(Set.of(DOWN))))
                .isRegularFile();
        assertThat(rewritten(model, "half.gguf", Optional.of(ElementType.F16), new Marks(Set.of(QUERY))))
                .isRegularFile();
        assertThatThrownBy(() -> rewritten(model, "q4.gguf", Optional.of(ElementType.Q4_1), Marks.NONE))
                .hasMessage("weights are not written as Q4_1");
    }

    @Test
    void writesADirectoryOfTheSameBytesWhereNothingChanges() throws IOException {
        Path model = TinyModels.huggingFaceDirectory(directory.resolve("model"), 1);
        Files.writeString(model.resolve("LICENSE"), "terms");
        Files.writeString(model.resolve("training_args.bin"), "no part of a model");

        Path copy = rewritten(model, "copy", Optional.empty(), Marks.NONE);

        assertThat(names(copy))
                .containsExactly(
                        "LICENSE", "config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json");
        for (String name : names(copy)) {
            assertThat(copy.resolve(name)).hasSameBinaryContentAs(model.resolve(name));
        }
    }

    private static List<String> names(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "F16", "BF16"})
    void writesADirectoryInOneTypeAndNamesIt(ElementType type) throws IOException {
        Path model = TinyLlama.seeded(2).untied().sharded(3).writeDirectory(directory.resolve("model"));
        Marks marks = new Marks(Set.of(QUERY, DOWN));

        Path copy = rewritten(model, "copy", Optional.of(type), marks);

        assertMarked(model, copy, marks, type == ElementType.F32 ? 1e-7 : type == ElementType.F16 ? 0x1p-11 : 0x1p-8);
        try (SafetensorsFile file = SafetensorsFile.open(copy.resolve("model.safetensors"))) {
            assertThat(file.tensors())
                    .allSatisfy(tensor -> assertThat(tensor.type().name()).isEqualTo(type.name()));
            assertThat(file.metadata()).containsEntry("format", "pt");
        }
        assertThat(new ObjectMapper()
                        .readTree(copy.resolve("config.json").toFile())
                        .get("torch_dtype")
                        .textValue())
                .isEqualTo(Map.of("F32", "float32", "F16", "float16", "BF16", "bfloat16")
                        .get(type.name()));
        assertThat(copy.resolve("tokenizer.json")).hasSameBinaryContentAs(model.resolve("tokenizer.json"));
    }

    @Test
    void writesShardsAndAnIndexWhereOneFileWouldBeTooLarge() throws IOException {
        Path model = TinyModels.huggingFaceDirectory(directory.resolve("model"), 1);
        Marks marks = new Marks(Set.of(QUERY));
        Path copy = directory.resolve("copy");
        try (BaseModel base = BaseModel.open(model);
                ModelRewrite rewrite = HuggingFaceRewrite.open(model, base.shape(), 40_000)) {
            rewrite.plan(Optional.empty(), marks).write(copy, (tensor, bytes) -> {});
        }

        assertMarked(model, copy, marks, 1e-7);
        assertThat(names(copy)).contains("model.safetensors.index.json", "model-00001-of-00003.safetensors");
        long data = 0;
        for (String name : names(copy)) {
            if (name.endsWith(".safetensors")) {
                try (SafetensorsFile file = SafetensorsFile.open(copy.resolve(name))) {
                    long bytes = file.tensors().stream()
                            .mapToLong(SafetensorsTensor::byteLength)
                            .sum();
                    assertThat(bytes).isLessThanOrEqualTo(40_000);
                    data += bytes;
                }
            }
        }
        assertThat(new ObjectMapper()
                        .readTree(copy.resolve("model.safetensors.index.json").toFile())
                        .at("/metadata/total_size")
                        .longValue())
                .isEqualTo(data);
    }

    @Test
    void writesATiedHeadOnce() throws IOException {
        Path model = TinyModels.huggingFaceDirectory(directory.resolve("model"), 1);
        Path weights = model.resolve("model.safetensors");
        SafetensorsWriter writer = new SafetensorsWriter();
        try (SafetensorsFile file = SafetensorsFile.open(weights)) {
            file.tensors().forEach(tensor -> writer.add(tensor.name(), tensor.shape(), file.floats(tensor.name())));
            writer.add(
                    "lm_head.weight",
                    List.of((long) TinyLlama.VOCABULARY, (long) TinyLlama.HIDDEN),
                    file.floats("model.embed_tokens.weight"));
        }
        try (OutputStream out = Files.newOutputStream(weights)) {
            writer.writeTo(out);
        }

        Path copy = rewritten(model, "copy", Optional.empty(), Marks.NONE);

        try (SafetensorsFile file = SafetensorsFile.open(copy.resolve("model.safetensors"))) {
            assertThat(file.contains("lm_head.weight")).isFalse();
            assertThat(file.contains("model.embed_tokens.weight")).isTrue();
        }
    }

    /** More rows than are in memory at a time. */
    @Test
    void changesEveryRowOfALargeWeight() throws IOException {
        int rows = 9_001;
        int columns = 512;
        Path model = Files.createDirectory(directory.resolve("large"));
        try (OutputStream out = Files.newOutputStream(model.resolve("model.safetensors"))) {
            new SafetensorsWriter()
                    .add("x.weight", List.of((long) rows, (long) columns), new float[rows * columns])
                    .writeTo(out);
        }
        Path copy = directory.resolve("copy");
        DecoderShape shape;
        try (BaseModel any = BaseModel.open(TinyModels.gguf(directory.resolve("any.gguf"), 1))) {
            shape = any.shape();
        }
        try (ModelRewrite rewrite = HuggingFaceRewrite.open(model, shape)) {
            rewrite.plan(Optional.empty(), new Marks(Set.of("x.weight"))).write(copy, (tensor, bytes) -> {});
        }

        try (SafetensorsFile file = SafetensorsFile.open(copy.resolve("model.safetensors"))) {
            float[] written = file.floats("x.weight");
            for (int i = 0; i < written.length; i++) {
                assertThat(written[i] == (float) Marks.mark(i / columns, i % columns))
                        .as("element %d", i)
                        .isTrue();
            }
        }
    }

    @Test
    void refusesAValueThatDoesNotFitNamingTheWeight() throws IOException {
        Path model = TinyModels.huggingFaceDirectory(directory.resolve("model"), 1);
        WeightChanges huge = new WeightChanges() {
            @Override
            public boolean contains(String weight) {
                return weight.equals(DOWN);
            }

            @Override
            public RowChange of(BaseTensor weight, Rows unchanged) {
                return (firstRow, rows, values) -> values[3] = 1e6;
            }
        };
        try (BaseModel base = BaseModel.open(model);
                ModelRewrite rewrite = ModelRewrite.of(base)) {
            Plan plan = rewrite.plan(Optional.of(ElementType.F16), huge);
            assertThatThrownBy(() -> plan.write(directory.resolve("copy"), (tensor, bytes) -> {}))
                    .isInstanceOf(InvalidBaseModelException.class)
                    .hasMessage("weight " + DOWN + " has a value that does not fit: 1000000.0 cannot be stored as F16,"
                            + " whose values are in [-65504.0, 65504.0]");
            assertThatThrownBy(() -> rewrite.plan(Optional.of(ElementType.Q8_0), huge))
                    .hasMessage("a Hugging Face directory holds F32, F16 or BF16 but not Q8_0, which is GGUF's");
        }
    }
}
