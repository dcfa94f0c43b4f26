package io.sparklora.training.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.adapter.AdapterShape;
import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.pipeline.basemodel.DecoderShape;
import io.sparklora.pipeline.basemodel.FamilyNames.Orientation;
import io.sparklora.pipeline.basemodel.GoldenData;
import io.sparklora.pipeline.basemodel.SafetensorsFile;
import io.sparklora.pipeline.basemodel.TinyModels;
import io.sparklora.pipeline.run.Storage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class PeftAdapterTest {
    private static final DecoderShape SHAPE =
            new DecoderShape("llama", 32, 64, 2, 4, 2, 8, 300, 512, 10_000, Optional.empty(), 1e-5, true);
    private static final List<String> ALL =
            List.of("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj");

    private final Storage storage = new Storage(new Configuration());

    @TempDir
    Path directory;

    private BaseModel base;

    @BeforeEach
    void openTheBase() {
        base = BaseModel.open(TinyModels.huggingFaceDirectory(directory.resolve("base"), 1));
    }

    @AfterEach
    void closeTheBase() {
        base.close();
    }

    @Test
    void writesTheSameBytesForTheSameAdapter() throws IOException {
        adapter(4).write(storage, hadoop("one"));
        adapter(4).write(storage, hadoop("two"));

        for (String file : new String[] {PeftConfig.FILE, PeftAdapter.TENSORS_FILE}) {
            assertThat(directory.resolve("two").resolve(file))
                    .hasSameBinaryContentAs(directory.resolve("one").resolve(file));
        }
        byte[] bytes = Files.readAllBytes(directory.resolve("one").resolve(PeftAdapter.TENSORS_FILE));
        assertThat(new String(bytes, 8, 200, StandardCharsets.UTF_8))
                .startsWith("{\"__metadata__\":{\"format\":\"pt\"},"
                        + "\"base_model.model.model.layers.0.mlp.down_proj.lora_A.weight\":"
                        + "{\"dtype\":\"F32\",\"shape\":[4,64],\"data_offsets\":[0,1024]}");
    }

    @Test
    void readsWhatItWrites() {
        adapter(4).write(storage, hadoop("adapter"));

        PeftAdapter read = PeftAdapter.read(storage, hadoop("adapter"), base);

        assertThat(read.config()).isEqualTo(config(4));
        assertThat(read.parameters()).isEqualTo(adapter(4).parameters());
    }

    /** Golden: trained and saved by PEFT 0.21.2 over SmolLM2-135M-Instruct. */
    @Test
    void readsWhatPeftTrained() {
        Path tensors = GoldenData.file(PeftAdapter.TENSORS_FILE);
        org.apache.hadoop.fs.Path golden = new org.apache.hadoop.fs.Path(tensors.toUri()).getParent();

        try (BaseModel smol = BaseModel.open(GoldenData.baseModel());
                SafetensorsFile file = SafetensorsFile.open(tensors)) {
            PeftAdapter adapter = PeftAdapter.read(storage, golden, smol);

            assertThat(adapter.config().shape().rank()).isEqualTo(8);
            assertThat(adapter.layout().entries()).hasSize(420).allSatisfy(entry -> assertThat(
                            Arrays.copyOfRange(adapter.parameters(), entry.offset(), entry.offset() + entry.elements()))
                    .isEqualTo(file.floats(entry.key())));
        }
    }

    @Test
    void refusesAnAdapterOfAnotherBaseNamingBoth() {
        DecoderShape wider =
                new DecoderShape("llama", 48, 64, 2, 4, 2, 8, 300, 512, 10_000, Optional.empty(), 1e-5, true);
        adapter(4, wider).write(storage, hadoop("wider"));

        assertMismatch(
                "wider",
                "the adapter in " + hadoop("wider") + ", made for tiny, does not fit the base model " + base.path()
                        + ": tensor base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight must have shape"
                        + " [4, 32] but has [4, 48]");
    }

    @Test
    void refusesAnAdapterWithMoreLayersThanTheBase() {
        DecoderShape deeper =
                new DecoderShape("llama", 32, 64, 3, 4, 2, 8, 300, 512, 10_000, Optional.empty(), 1e-5, true);
        adapter(4, deeper).write(storage, hadoop("deeper"));

        assertMismatch(
                "deeper",
                "tensor base_model.model.model.layers.2.mlp.down_proj.lora_A.weight belongs to no layer that the model"
                        + " and target_modules have");
    }

    @Test
    void refusesAMissingTensor() {
        adapter(4).write(storage, hadoop("adapter"));
        new PeftAdapter(
                        new PeftConfig("tiny", AdapterShape.plain(4, 16, List.of("q_proj"))),
                        LoraLayout.uniform(SHAPE, 4, 4, List.of("q_proj")),
                        new float[512])
                .write(storage, hadoop("queries"));
        storage.move(
                new org.apache.hadoop.fs.Path(hadoop("queries"), PeftAdapter.TENSORS_FILE),
                new org.apache.hadoop.fs.Path(hadoop("adapter"), PeftAdapter.TENSORS_FILE));

        assertMismatch(
                "adapter",
                "tensor base_model.model.model.layers.0.self_attn.k_proj.lora_A.weight of shape [4, 32] is missing");
    }

    @Test
    void refusesATensorThatNoTargetNames() {
        adapter(4).write(storage, hadoop("adapter"));
        storage.create(
                new org.apache.hadoop.fs.Path(hadoop("adapter"), PeftConfig.FILE),
                new PeftConfig("tiny", AdapterShape.plain(4, 16, List.of("q_proj"))).json(Orientation.OUTPUT_ROWS));

        assertMismatch("adapter", "belongs to no layer that the model and target_modules have");
    }

    @Test
    void refusesNumbersThatAreNotFinite() {
        PeftAdapter adapter = adapter(4);
        adapter.parameters()[5] = Float.NaN;
        adapter.write(storage, hadoop("adapter"));

        assertMismatch("adapter", "must hold finite numbers but element 5 is NaN");
    }

    @Test
    void refusesATruncatedFile() throws IOException {
        adapter(4).write(storage, hadoop("adapter"));
        Path file = directory.resolve("adapter").resolve(PeftAdapter.TENSORS_FILE);
        Files.write(file, Arrays.copyOf(Files.readAllBytes(file), 9_000));

        assertMismatch("adapter", PeftAdapter.TENSORS_FILE);
    }

    @Test
    void refusesADirectoryWithoutAnAdapter() {
        assertMismatch("nothing", "there is no adapter in " + hadoop("nothing") + ": adapter_config.json is missing");
    }

    private void assertMismatch(String name, String message) {
        assertThatThrownBy(() -> PeftAdapter.read(storage, hadoop(name), base))
                .isInstanceOfSatisfying(
                        StageFailure.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.MISMATCH))
                .hasMessageContaining(message);
    }

    @Test
    void refusesPartsThatDoNotBelongTogether() {
        LoraLayout layout = LoraLayout.uniform(SHAPE, 4, 4, ALL);

        assertThatThrownBy(() -> new PeftAdapter(config(4), layout, new float[3]))
                .hasMessage("the layout has " + layout.parameterCount() + " parameters but was given 3");
    }

    private static PeftConfig config(int rank) {
        return new PeftConfig("tiny", AdapterShape.plain(rank, 16, ALL));
    }

    private static PeftAdapter adapter(int rank) {
        return adapter(rank, SHAPE);
    }

    private static PeftAdapter adapter(int rank, DecoderShape shape) {
        LoraLayout layout = config(rank).layout(shape);
        float[] parameters = new float[layout.parameterCount()];
        for (int i = 0; i < parameters.length; i++) {
            parameters[i] = i;
        }
        return new PeftAdapter(config(rank), layout, parameters);
    }

    private org.apache.hadoop.fs.Path hadoop(String name) {
        return new org.apache.hadoop.fs.Path(directory.resolve(name).toUri());
    }
}
