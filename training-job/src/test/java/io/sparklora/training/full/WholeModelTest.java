package io.sparklora.training.full;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.pipeline.basemodel.DecoderWeight;
import io.sparklora.pipeline.basemodel.SafetensorsFile;
import io.sparklora.pipeline.basemodel.SafetensorsTensor;
import io.sparklora.pipeline.basemodel.SafetensorsType;
import io.sparklora.pipeline.basemodel.TinyModels;
import io.sparklora.pipeline.run.Storage;
import io.sparklora.training.lora.LoraLayout;
import io.sparklora.training.model.TorchScriptProgram;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever a family's files call, fuse or turn: a whole model is written as the base was and read as it was trained. */
final class WholeModelTest {
    @TempDir
    private Path directory;

    private final Storage storage = new Storage(new Configuration());

    private static Path families() {
        try {
            return Path.of(Objects.requireNonNull(TorchScriptProgram.class.getResource("families"))
                    .toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    static List<String> names() throws IOException {
        try (Stream<Path> families = Files.list(families())) {
            return families.map(family -> family.getFileName().toString())
                    .sorted()
                    .toList();
        }
    }

    private org.apache.hadoop.fs.Path hadoop(String name) {
        return new org.apache.hadoop.fs.Path(directory.resolve(name).toUri());
    }

    private Path base(String family) throws IOException {
        Path model = TinyModels.tokenizer(directory.resolve("base"));
        for (String file : List.of("config.json", "model.safetensors")) {
            Files.copy(families().resolve(family).resolve(file), model.resolve(file));
        }
        return model;
    }

    @ParameterizedTest
    @MethodSource("names")
    void isWrittenWithTheBasesTensorsAndReadAsItWas(String family) throws IOException {
        try (BaseModel base = BaseModel.open(base(family))) {
            float[] parameters =
                    new float[new EveryWeight().layout(base.shape()).parameterCount()];
            for (int i = 0; i < parameters.length; i++) {
                parameters[i] = i / 7f;
            }

            new EveryWeight().publishable(base, parameters).write(storage, hadoop("model"));

            assertThat(WholeModel.read(storage, hadoop("model"), base).parameters())
                    .isEqualTo(parameters);
            assertThat(shapes(directory.resolve("model/model.safetensors")))
                    .isEqualTo(shapes(base.path().resolve("model.safetensors")));
        }
        JsonNode config = new ObjectMapper()
                .readTree(directory.resolve("model/config.json").toFile());
        assertThat(config.path("dtype").asText()).isEqualTo("float32");
        assertThat(directory.resolve("model/tokenizer.json"))
                .hasSameBinaryContentAs(directory.resolve("base/tokenizer.json"));
    }

    private static List<String> shapes(Path weights) {
        try (SafetensorsFile file = SafetensorsFile.open(weights)) {
            return file.tensors().stream()
                    .map(tensor -> tensor.name() + " " + tensor.shape())
                    .sorted()
                    .toList();
        }
    }

    @Test
    void keepsEachWeightsValuesWhereTheFamilyHasThem() throws IOException {
        try (BaseModel base = BaseModel.open(base("gpt-neox"))) {
            WholeModel model = WholeModel.of(base);

            model.write(storage, hadoop("model"));

            try (SafetensorsFile before = SafetensorsFile.open(base.path().resolve("model.safetensors"));
                    SafetensorsFile after = SafetensorsFile.open(directory.resolve("model/model.safetensors"))) {
                assertThat(after.tensors()).extracting(SafetensorsTensor::type).containsOnly(SafetensorsType.F32);
                for (SafetensorsTensor tensor : before.tensors()) {
                    assertThat(after.floats(tensor.name())).as(tensor.name()).isEqualTo(before.floats(tensor.name()));
                }
            }
        }
    }

    @Test
    void refusesAModelOfAnotherShapeAndOneThatIsNoModel() throws IOException {
        TinyModels.huggingFaceDirectory(directory.resolve("other"), 1);
        Files.createDirectory(directory.resolve("empty"));
        try (BaseModel base = BaseModel.open(base("gpt2"))) {
            assertThatThrownBy(() -> WholeModel.read(storage, hadoop("other"), base))
                    .hasMessageContaining("is of another shape than the base model " + base.path())
                    .extracting(e -> ((StageFailure) e).exitCode())
                    .isEqualTo(ExitCode.MISMATCH);
            assertThatThrownBy(() -> WholeModel.read(storage, hadoop("empty"), base))
                    .hasMessageContaining("config.json: there is no such file")
                    .extracting(e -> ((StageFailure) e).exitCode())
                    .isEqualTo(ExitCode.MISMATCH);
        }
    }

    @Test
    void refusesMoreWeightsThanFitIntoOneArray() {
        DecoderWeight half = new DecoderWeight("half", DecoderWeight.Kind.MATRIX, 1 << 15, 1 << 13);

        assertThat(LoraLayout.whole(List.of(half)).parameterCount()).isEqualTo(1 << 28);
        assertThatThrownBy(() -> LoraLayout.whole(List.of(half, half)))
                .hasMessage("at most 536805376 weights can be trained at once but the model has 536870912");
    }
}
