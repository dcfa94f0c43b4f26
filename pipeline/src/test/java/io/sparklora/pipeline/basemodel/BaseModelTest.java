package io.sparklora.pipeline.basemodel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BaseModelTest {
    @TempDir
    Path directory;

    @Test
    void readsTheSameModelFromADirectoryAndFromGguf() {
        try (BaseModel hub = BaseModel.open(TinyModels.huggingFaceDirectory(directory.resolve("hub"), 7));
                BaseModel gguf = BaseModel.open(TinyModels.gguf(directory.resolve("tiny.gguf"), 7))) {
            assertThat(gguf.shape()).isEqualTo(hub.shape());
            assertThat(gguf.specialTokens()).isEqualTo(hub.specialTokens());
            assertThat(gguf.endOfSequence()).isEqualTo(hub.endOfSequence()).isEqualTo(2);
            assertThat(gguf.chatTemplate()).isEqualTo(hub.chatTemplate()).isPresent();
            assertHoldsTheWeights(hub, TinyLlama.seeded(7));
            assertHoldsTheWeights(gguf, TinyLlama.seeded(7));
        }
    }

    @Test
    void readsAnUntiedHead() {
        TinyLlama tiny = TinyLlama.seeded(8).untied();
        try (BaseModel hub = BaseModel.open(tiny.writeDirectory(directory.resolve("hub")));
                BaseModel gguf = BaseModel.open(tiny.writeGguf(directory.resolve("tiny.gguf")))) {
            assertThat(hub.shape().tiedHead()).isFalse();
            assertThat(gguf.shape()).isEqualTo(hub.shape());
            assertHoldsTheWeights(hub, tiny);
            assertHoldsTheWeights(gguf, tiny);
        }
    }

    @Test
    void readsShardsAsOneModel() {
        TinyLlama tiny = TinyLlama.seeded(9).sharded(3);
        try (BaseModel hub = BaseModel.open(tiny.writeDirectory(directory.resolve("hub")))) {
            assertHoldsTheWeights(hub, tiny);
        }
    }

    @Test
    void readsAnyRowsOfAReorderedWeight() {
        TinyLlama.Weight expected = TinyLlama.seeded(7).weight("model.layers.1.self_attn.k_proj.weight");
        try (BaseModel gguf = BaseModel.open(TinyModels.gguf(directory.resolve("tiny.gguf"), 7))) {
            float[] rows = new float[6 * expected.columns()];
            gguf.read("model.layers.1.self_attn.k_proj.weight", 5, 6, rows);
            for (int i = 0; i < rows.length; i++) {
                assertThat(rows[i]).isEqualTo(expected.values()[5 * expected.columns() + i]);
            }
        }
    }

    @Test
    void refusesRowsOutsideATensorAndNamesOfNone() {
        try (BaseModel gguf = BaseModel.open(TinyModels.gguf(directory.resolve("tiny.gguf"), 7))) {
            assertThatThrownBy(() -> gguf.read("model.norm.weight", 1, 1, new float[32]))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("rows 1 to 2 of tensor model.norm.weight must be within its 1 rows");
            assertThatThrownBy(() -> gguf.tensor("model.embed_tokens.bias"))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("the model has no tensor model.embed_tokens.bias");
        }
    }

    @Test
    void hashesTheContentAndNotThePlace() {
        ContentHash here = hash(TinyModels.huggingFaceDirectory(directory.resolve("here"), 7));
        ContentHash there = hash(TinyModels.huggingFaceDirectory(directory.resolve("there"), 7));
        ContentHash other = hash(TinyModels.huggingFaceDirectory(directory.resolve("other"), 8));
        assertThat(here).isEqualTo(there).isNotEqualTo(other);
    }

    private static ContentHash hash(Path path) {
        try (BaseModel model = BaseModel.open(path)) {
            return model.contentHash();
        }
    }

    @Test
    void knowsTheTokensThatEndATextOrATurn() {
        try (BaseModel gguf = BaseModel.open(TinyModels.gguf(directory.resolve("tiny.gguf"), 7))) {
            assertThat(gguf.specialTokens())
                    .isEqualTo(new SpecialTokens(OptionalInt.of(1), false, List.of(0, 2), 0, OptionalInt.of(2)));
        }
    }

    @Test
    void refusesAPathWithNothingThere() {
        assertThatThrownBy(() -> BaseModel.open(directory.resolve("none.gguf")))
                .isInstanceOf(InvalidBaseModelException.class)
                .hasMessage(directory.resolve("none.gguf") + ": there is no such file");
        assertThatThrownBy(() -> BaseModel.open(directory))
                .isInstanceOf(InvalidBaseModelException.class)
                .hasMessage(directory.resolve("config.json")
                        + ": there is no such file: this directory holds no Hugging Face model");
    }

    private static void assertHoldsTheWeights(BaseModel model, TinyLlama tiny) {
        assertThat(model.tensors().stream().map(BaseTensor::name))
                .containsExactlyElementsOf(tiny.weights().keySet());
        tiny.weights().forEach((name, weight) -> {
            float[] values = new float[weight.values().length];
            model.read(name, 0, weight.rows(), values);
            assertThat(values).as(name).isEqualTo(weight.values());
        });
    }
}
