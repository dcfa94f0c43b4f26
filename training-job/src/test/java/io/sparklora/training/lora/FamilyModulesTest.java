package io.sparklora.training.lora;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparklora.pipeline.adapter.LoraBranch;
import io.sparklora.pipeline.adapter.LoraModule;
import io.sparklora.pipeline.adapter.LoraModules;
import io.sparklora.pipeline.basemodel.DecoderShape;
import io.sparklora.pipeline.basemodel.DecoderVariant;
import io.sparklora.pipeline.basemodel.DecoderVariant.Activation;
import io.sparklora.pipeline.basemodel.DecoderVariant.FeedForward;
import io.sparklora.pipeline.basemodel.DecoderVariant.Norm;
import io.sparklora.pipeline.basemodel.DecoderVariant.QueryKeyNorm;
import io.sparklora.pipeline.basemodel.DecoderVariant.SoftCaps;
import io.sparklora.pipeline.basemodel.FamilyNames.Orientation;
import io.sparklora.pipeline.basemodel.Multipliers;
import io.sparklora.pipeline.basemodel.NormPlacement;
import io.sparklora.pipeline.basemodel.Positions;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Modules that are several of the program's layers at once. */
final class FamilyModulesTest {
    private static final DecoderVariant PLAIN_FEED_FORWARD = new DecoderVariant(
            Set.of(),
            List.of(),
            QueryKeyNorm.NONE,
            NormPlacement.PARALLEL,
            Norm.LAYER,
            0,
            FeedForward.PLAIN,
            Activation.GELU,
            Multipliers.NONE,
            SoftCaps.NONE,
            Positions.ROTARY,
            OptionalDouble.empty());

    private static DecoderShape shape(String family, int heads, int keyValueHeads) {
        return new DecoderShape(
                family,
                4 * heads,
                48,
                2,
                heads,
                keyValueHeads,
                4,
                97,
                64,
                10_000,
                Optional.empty(),
                1e-5,
                true,
                PLAIN_FEED_FORWARD);
    }

    @ParameterizedTest
    @CsvSource({"gpt_neox, 6, 6", "falcon, 6, 2", "falcon, 6, 1", "mpt, 6, 6", "gpt2, 6, 6"})
    void anAdaptersMatricesComeBackAsTheyWent(String family, int heads, int keyValueHeads) {
        LoraLayout layout = LoraLayout.of(LoraModules.of(shape(family, heads, keyValueHeads)).modules().stream()
                .map(module -> new LoraBranch(1, module, 3, 2))
                .toList());
        float[] parameters = new float[layout.parameterCount()];
        for (int i = 0; i < parameters.length; i++) {
            parameters[i] = i;
        }
        float[] back = new float[parameters.length];

        layout.entries().forEach(entry -> entry.read(entry.stored(parameters), back));

        assertThat(back).containsExactly(parameters);
    }

    /** transformers views the rows as [key-value heads, queries + 2, head size]. */
    @Test
    void falconsRowsAreGroupedByKeyValueHead() {
        LoraModule fused = LoraModules.of(shape("falcon", 6, 2)).modules().get(0);

        assertThat(fused.pathIn(1)).isEqualTo("transformer.h.1.self_attention.query_key_value");
        assertThat(fused.rows()).isEqualTo(40);
        assertThat(fused.heads().rowInLayer(11)).as("the third query head").isEqualTo(11);
        assertThat(fused.heads().rowInLayer(12)).as("the fourth query head").isEqualTo(20);
        assertThat(fused.heads().rowInLayer(24)).as("the first key").isEqualTo(12);
        assertThat(fused.heads().rowInLayer(28)).as("the second key").isEqualTo(32);
        assertThat(fused.heads().rowInLayer(39)).as("the last value's last row").isEqualTo(39);
    }

    @Test
    void gpt2StoresItsWeightsByInputs() {
        List<LoraModule> modules = LoraModules.of(shape("gpt2", 6, 6)).modules();

        assertThat(modules.stream().map(module -> module.pathIn(0)))
                .containsExactly(
                        "transformer.h.0.attn.c_attn",
                        "transformer.h.0.attn.c_proj",
                        "transformer.h.0.mlp.c_fc",
                        "transformer.h.0.mlp.c_proj");
        assertThat(modules).allMatch(module -> module.orientation() == Orientation.INPUT_ROWS);
    }
}
