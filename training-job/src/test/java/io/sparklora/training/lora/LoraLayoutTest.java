package io.sparklora.training.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparklora.pipeline.adapter.LoraBranch;
import io.sparklora.pipeline.basemodel.DecoderShape;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class LoraLayoutTest {
    private static final DecoderShape SMOLLM2 =
            new DecoderShape("llama", 576, 1536, 30, 9, 3, 64, 49_152, 8_192, 100_000, Optional.empty(), 1e-5, true);

    @Test
    void coversSmolLm2AsPeftDoes() {
        LoraLayout layout = LoraLayout.uniform(SMOLLM2, 8, 2, List.of("all-linear"));

        assertThat(layout.entries()).hasSize(420);
        assertThat(layout.parameterCount()).isEqualTo(2_442_240);
    }

    @Test
    void putsMatricesThatReadTheSameInputSideBySideWithoutGaps() {
        LoraLayout layout = LoraLayout.uniform(SMOLLM2, 8, 2, List.of("all-linear"));

        assertThat(layout.entries().subList(0, 14))
                .extracting(
                        entry -> entry.matrix() + " " + entry.branch().module().name())
                .containsExactly(
                        "A q_proj",
                        "A k_proj",
                        "A v_proj",
                        "A o_proj",
                        "A gate_proj",
                        "A up_proj",
                        "A down_proj",
                        "B q_proj",
                        "B k_proj",
                        "B v_proj",
                        "B o_proj",
                        "B gate_proj",
                        "B up_proj",
                        "B down_proj");
        int next = 0;
        for (LoraEntry entry : layout.entries()) {
            assertThat(entry.offset()).isEqualTo(next);
            next += entry.elements();
        }
        assertThat(next).isEqualTo(layout.parameterCount());
    }

    @Test
    void namesAndShapesTensorsAsPeftDoes() {
        LoraLayout layout = LoraLayout.uniform(SMOLLM2, 4, 2, List.of("down_proj", "k_proj"));

        assertThat(layout.entries().subList(4, 8))
                .extracting(entry -> entry.key() + " " + entry.rows() + "x" + entry.columns())
                .containsExactly(
                        "base_model.model.model.layers.1.self_attn.k_proj.lora_A.weight 4x576",
                        "base_model.model.model.layers.1.mlp.down_proj.lora_A.weight 4x1536",
                        "base_model.model.model.layers.1.self_attn.k_proj.lora_B.weight 192x4",
                        "base_model.model.model.layers.1.mlp.down_proj.lora_B.weight 576x4");
    }

    @Test
    void refusesAnUnknownTargetByName() {
        assertThatThrownBy(() -> LoraLayout.uniform(SMOLLM2, 4, 2, List.of("q_proj", "lm_head")))
                .hasMessage(
                        "LoRA target must be one of q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj, a path"
                                + " that ends so, an expression for such paths, or all-linear alone, but was lm_head");
    }

    @Test
    void refusesAllLinearBesideOthersAndNoTargetAtAll() {
        assertThatThrownBy(() -> LoraLayout.uniform(SMOLLM2, 4, 2, List.of("all-linear", "q_proj")))
                .hasMessageEndingWith("but was all-linear");
        assertThatThrownBy(() -> LoraLayout.uniform(SMOLLM2, 4, 2, List.of()))
                .hasMessageContaining("at least one layer");
    }

    @Test
    void refusesTwoBranchesOfOneModule() {
        LoraBranch branch =
                LoraLayout.uniform(SMOLLM2, 4, 2, List.of("q_proj")).branches().get(3);

        assertThatThrownBy(() -> LoraLayout.of(List.of(branch, branch)))
                .hasMessage("model.layers.3.self_attn.q_proj has two branches");
        assertThatThrownBy(() -> new LoraBranch(3, branch.module(), 4, Double.POSITIVE_INFINITY))
                .hasMessage("the LoRA scale must be finite but was Infinity");
    }

    @Test
    void refusesARankOutOfRange() {
        assertThatThrownBy(() -> LoraLayout.uniform(SMOLLM2, 0, 2, List.of("q_proj")))
                .hasMessage("r and lora_alpha must be at least 1 but are 0, 1");
        assertThatThrownBy(() -> LoraLayout.uniform(SMOLLM2, 577, 2, List.of("q_proj")))
                .hasMessage("LoRA rank must be in [1, 576] but was 577");
    }

    @Test
    void refusesAVectorThatAnArrayCannotHold() {
        DecoderShape huge = new DecoderShape(
                "llama", 16_384, 53_248, 126, 128, 8, 128, 128_256, 8_192, 500_000, Optional.empty(), 1e-5, false);

        assertThatThrownBy(() -> LoraLayout.uniform(huge, 1024, 2, List.of("all-linear")))
                .hasMessageContaining("at most 536,805,376 numbers can be trained, but there would be 39,900,413,952");
    }
}
