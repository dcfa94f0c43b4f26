package io.sparklora.training.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparklora.pipeline.basemodel.DecoderShape;
import io.sparklora.pipeline.run.Storage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class PeftAdapterTest {
    private static final DecoderShape SHAPE =
            new DecoderShape("llama", 32, 64, 2, 4, 2, 8, 300, 512, 10_000, Optional.empty(), 1e-5, true);
    private static final Set<LoraTarget> ALL = EnumSet.allOf(LoraTarget.class);

    private final Storage storage = new Storage(new Configuration());

    @TempDir
    Path directory;

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
    void refusesPartsThatDoNotBelongTogether() {
        LoraLayout layout = LoraLayout.of(SHAPE, 4, ALL);

        assertThatThrownBy(() -> new PeftAdapter(config(8), layout, new float[layout.parameterCount()]))
                .hasMessageContaining("an adapter of rank 8 on");
        assertThatThrownBy(() -> new PeftAdapter(config(4), layout, new float[3]))
                .hasMessage("the layout has " + layout.parameterCount() + " parameters but was given 3");
    }

    private static PeftConfig config(int rank) {
        return new PeftConfig("tiny", rank, 16, ALL);
    }

    private static PeftAdapter adapter(int rank) {
        LoraLayout layout = LoraLayout.of(SHAPE, rank, ALL);
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
