package io.sparklora.pipeline.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.basemodel.DecoderShape;
import io.sparklora.pipeline.config.LoraConfig;
import io.sparklora.pipeline.config.LoraConfig.Kind;
import io.sparklora.pipeline.config.LoraConfig.Scaling;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What PEFT itself makes of such shapes is compared in the training job's VariantParityTest. */
final class AdapterShapeTest {
    private static final DecoderShape MODEL =
            new DecoderShape("llama", 32, 64, 12, 4, 2, 8, 300, 512, 10_000, Optional.empty(), 1e-5, true);

    @Test
    void namesEndAtADot() {
        assertThat(paths(List.of("q_proj"), "1")).containsExactly("model.layers.1.self_attn.q_proj");
        assertThat(paths(List.of("1.mlp.up_proj"), "all")).containsExactly("model.layers.1.mlp.up_proj");
        assertThatThrownBy(() -> paths(List.of("proj"), "all")).hasMessageContaining("but was proj");
    }

    @Test
    void aWholePathIsNotAskedForItsBlock() {
        assertThat(paths(List.of("v_proj", "model.layers.9.mlp.up_proj"), "0,10-11"))
                .containsExactly(
                        "model.layers.0.self_attn.v_proj",
                        "model.layers.9.mlp.up_proj",
                        "model.layers.10.self_attn.v_proj",
                        "model.layers.11.self_attn.v_proj");
    }

    @Test
    void anExpressionIsForTheWholePath() {
        assertThat(paths(List.of(".*\\.1\\.(self_attn\\.k|mlp\\.up)_proj"), "all"))
                .containsExactly("model.layers.1.self_attn.k_proj", "model.layers.1.mlp.up_proj");
        assertThatThrownBy(() -> paths(List.of("(q|v)_proj"), "all")).hasMessageContaining("but was (q|v)_proj");
    }

    @Test
    void patternsChangeRankAndScale() {
        LoraConfig lora = new LoraConfig(
                Kind.LORA,
                4,
                8,
                Scaling.RSLORA,
                List.of("q_proj", "v_proj"),
                "0",
                Map.of("v_proj", 9),
                Map.of("layers\\.\\d+\\.self_attn\\.v_proj", 6),
                0,
                1,
                List.of(),
                "");

        List<LoraBranch> branches = AdapterShape.planned(lora, MODEL);

        assertThat(branches).extracting(LoraBranch::rank).containsExactly(4, 9);
        assertThat(branches.get(0).scale()).isCloseTo(4, within(1e-12));
        assertThat(branches.get(1).scale()).isCloseTo(2, within(1e-12));
    }

    @Test
    void refusesWhatMatchesNothingWithTheNamesThatExist() {
        assertRefused(
                lora(List.of("c_attn"), Map.of()),
                "lora: LoRA target must be one of q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj, a path"
                        + " that ends so, an expression for such paths, or all-linear alone, but was c_attn");
        assertRefused(
                lora(List.of("q_proj", "v_proj"), Map.of("k_proj", 2)),
                "lora: rank-pattern.k_proj matches no target; there are q_proj, v_proj");
        assertRefused(
                lora(List.of("q_proj"), Map.of("q_proj", 2, "layers.3.self_attn.q_proj", 4)),
                "lora: rank-pattern has both layers.3.self_attn.q_proj and q_proj for model.layers.3.self_attn.q_proj;"
                        + " it may have one");
        assertRefused(lora(List.of("q_proj"), Map.of("q_proj", 33)), "lora: LoRA rank must be in [1, 32] but was 33");
        assertRefused(
                new LoraConfig(
                        Kind.LORA,
                        4,
                        8,
                        Scaling.STANDARD,
                        List.of("q_proj"),
                        "3-12",
                        Map.of(),
                        Map.of(),
                        0,
                        1,
                        List.of(),
                        ""),
                "lora: layers must be in [0, 11] but are [3, 4, 5, 6, 7, 8, 9, 10, 11, 12]");
    }

    /** A back-tracking engine would take some 2^40 steps. */
    @Test
    void anExpressionTakesLinearTime() {
        assertRefused(lora(List.of("(([a-z0-9_.]+)+)+X"), Map.of()), "but was (([a-z0-9_.]+)+)+X");
    }

    private static void assertRefused(LoraConfig lora, String message) {
        assertThatThrownBy(() -> AdapterShape.planned(lora, MODEL))
                .isInstanceOfSatisfying(
                        StageFailure.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.USAGE))
                .hasMessageContaining(message);
    }

    private static LoraConfig lora(List<String> targets, Map<String, Integer> ranks) {
        return new LoraConfig(Kind.LORA, 4, 8, Scaling.STANDARD, targets, "all", ranks, Map.of(), 0, 1, List.of(), "");
    }

    private static List<String> paths(List<String> targets, String layers) {
        return AdapterShape.planned(
                        new LoraConfig(
                                Kind.LORA,
                                4,
                                8,
                                Scaling.STANDARD,
                                targets,
                                layers,
                                Map.of(),
                                Map.of(),
                                0,
                                1,
                                List.of(),
                                ""),
                        MODEL)
                .stream()
                .map(LoraBranch::path)
                .toList();
    }
}
