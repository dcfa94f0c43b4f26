package io.sparklora.training.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.adapter.AdapterShape;
import io.sparklora.pipeline.basemodel.FamilyNames.Orientation;
import io.sparklora.pipeline.config.BaseConfig;
import io.sparklora.pipeline.config.LoraConfig;
import io.sparklora.pipeline.config.LoraConfig.Kind;
import io.sparklora.pipeline.config.LoraConfig.Scaling;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.fs.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class PeftConfigTest {
    private static final Path WHERE = new Path("a/adapter_config.json");
    private static final PeftConfig ALL = new PeftConfig(
            "base.gguf",
            AdapterShape.plain(
                    8, 16, List.of("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")));

    /** As PEFT 0.21.2's save_pretrained writes it. */
    private static final String FROM_PEFT = """
            {"alora_invocation_tokens": null, "alpha_pattern": {}, "arrow_config": null, "auto_mapping": null,
            "base_model_name_or_path": null, "bias": "none", "corda_config": null, "ensure_weight_tying": false,
            "eva_config": null, "exclude_modules": null, "fan_in_fan_out": false, "inference_mode": true,
            "init_lora_weights": true, "layer_replication": null, "layers_pattern": null, "layers_to_transform": null,
            "loftq_config": {}, "lora_alpha": 32, "lora_bias": false, "lora_dropout": 0.05, "megatron_config": null,
            "megatron_core": "megatron.core", "modules_to_save": null, "peft_type": "LORA", "peft_version": "0.21.2",
            "qalora_group_size": 16, "r": 4, "rank_pattern": {}, "revision": null, "target_modules": ["v_proj", "q_proj"],
            "target_parameters": null, "task_type": "CAUSAL_LM", "trainable_token_indices": null, "use_bdlora": null,
            "use_dora": false, "use_qalora": false, "use_rslora": false}""";

    @Test
    void writesFewSortedKeys() {
        assertThat(new String(ALL.json(Orientation.OUTPUT_ROWS), StandardCharsets.UTF_8))
                .isEqualTo("""
                        {
                          "base_model_name_or_path" : "base.gguf",
                          "bias" : "none",
                          "fan_in_fan_out" : false,
                          "inference_mode" : true,
                          "init_lora_weights" : true,
                          "lora_alpha" : 16,
                          "lora_dropout" : 0.0,
                          "peft_type" : "LORA",
                          "r" : 8,
                          "target_modules" : [
                            "down_proj",
                            "gate_proj",
                            "k_proj",
                            "o_proj",
                            "q_proj",
                            "up_proj",
                            "v_proj"
                          ],
                          "task_type" : "CAUSAL_LM"
                        }
                        """);
    }

    @Test
    void readsWhatItWrites() {
        assertThat(PeftConfig.parse(ALL.json(Orientation.OUTPUT_ROWS), WHERE)).isEqualTo(ALL);
    }

    @Test
    void readsWhatPeftWrites() {
        PeftConfig config = PeftConfig.parse(FROM_PEFT.getBytes(StandardCharsets.UTF_8), WHERE);

        assertThat(config).isEqualTo(new PeftConfig("", AdapterShape.plain(4, 32, List.of("q_proj", "v_proj"))));
    }

    @Test
    void readsRslorasScalingPatternsInTheirOrderBlocksAndAnExpression() {
        String json = FROM_PEFT
                .replace("\"use_rslora\": false", "\"use_rslora\": true")
                .replace("\"rank_pattern\": {}", "\"rank_pattern\": {\"v_proj\": 2, \"(q|v)_proj\": 3}")
                .replace("\"alpha_pattern\": {}", "\"alpha_pattern\": {\"q_proj\": 9}")
                .replace("\"layers_to_transform\": null", "\"layers_to_transform\": 1");

        AdapterShape shape =
                PeftConfig.parse(json.getBytes(StandardCharsets.UTF_8), WHERE).shape();

        assertThat(shape.scaling()).isEqualTo(Scaling.RSLORA);
        assertThat(shape.layers()).containsExactly(1);
        assertThat(shape.ranks().keySet()).containsExactly("v_proj", "(q|v)_proj");
        assertThat(shape.alphas()).isEqualTo(Map.of("q_proj", 9));
        String expression = FROM_PEFT.replace("[\"v_proj\", \"q_proj\"]", "\".*_proj\"");
        assertThat(PeftConfig.parse(expression.getBytes(StandardCharsets.UTF_8), WHERE)
                        .shape()
                        .targets())
                .containsExactly(".*_proj");
    }

    @Test
    void writesWhatItReads() {
        PeftConfig config = new PeftConfig(
                "base",
                new AdapterShape(
                        Kind.LORA,
                        4,
                        8,
                        Scaling.RSLORA,
                        List.of("q_proj"),
                        List.of(0, 2),
                        Map.of("q_proj", 2),
                        Map.of("0.*", 3),
                        List.of("embed_tokens", "lm_head")));
        PeftConfig expression = new PeftConfig("base", AdapterShape.plain(4, 8, List.of(".*[qv]_proj")));

        assertThat(PeftConfig.parse(config.json(Orientation.OUTPUT_ROWS), WHERE))
                .isEqualTo(config);
        assertThat(PeftConfig.parse(expression.json(Orientation.OUTPUT_ROWS), WHERE))
                .isEqualTo(expression);
        assertThat(new String(expression.json(Orientation.OUTPUT_ROWS), StandardCharsets.UTF_8))
                .contains("\"target_modules\" : \".*[qv]_proj\"");
    }

    @Test
    void namesTheBaseWithoutTheWayToIt() {
        PeftConfig config = PeftConfig.of(
                new BaseConfig(
                        "/data/models/tiny.gguf",
                        BaseConfig.Dtype.BF16,
                        BaseConfig.Compute.AUTO,
                        BaseConfig.Device.AUTO),
                new LoraConfig(
                        Kind.LORA,
                        2,
                        4,
                        Scaling.STANDARD,
                        List.of("all-linear"),
                        "all",
                        Map.of(),
                        Map.of(),
                        0,
                        1,
                        List.of(),
                        ""));

        assertThat(config.baseModel()).isEqualTo("tiny.gguf");
        assertThat(config.shape().targets()).containsExactly("all-linear");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"use_dora\": false | \"use_dora\": \"yes\" | use_dora must be true or false but was yes",
                "\"use_rslora\": false | \"use_rslora\": 1 | use_rslora must be true or false but was 1",
                "\"lora_bias\": false | \"lora_bias\": true | lora_bias must be false, null or empty but was true: that kind of LoRA is not supported",
                "\"rank_pattern\": {} | \"rank_pattern\": {\"q_proj\": 0} | rank_pattern must have whole numbers of at least 1 but has 0 for q_proj",
                "\"alpha_pattern\": {} | \"alpha_pattern\": [2] | alpha_pattern must be a mapping to whole numbers but was [2]",
                "\"layers_to_transform\": null | \"layers_to_transform\": \"1\" | layers_to_transform must be a list of whole numbers but was 1",
                "\"layers_pattern\": null | \"layers_pattern\": \"h\" | layers_pattern must be false, null or empty but was h: that kind of LoRA is not supported",
                "\"modules_to_save\": null | \"modules_to_save\": \"lm_head\" | modules_to_save must be a list of names but was lm_head",
                "\"bias\": \"none\" | \"bias\": \"all\" | bias must be none but was all",
                "\"init_lora_weights\": true | \"init_lora_weights\": \"pissa\" | init_lora_weights must be one of [true, false, gaussian] but was pissa",
                "\"peft_type\": \"LORA\" | \"peft_type\": \"IA3\" | peft_type must be LORA but was IA3",
                "\"peft_type\": \"LORA\" | \"peft_type\": null | peft_type must be LORA but is missing",
                "\"task_type\": \"CAUSAL_LM\" | \"task_type\": \"SEQ_CLS\" | task_type must be CAUSAL_LM but was SEQ_CLS",
                "\"revision\": null | \"use_fancy\": false | unknown key use_fancy with value false",
                "\"r\": 4 | \"r\": 4.5 | r must be a whole number of at least 1 but was 4.5",
                "\"r\": 4, | '' | r must be a whole number of at least 1 but is missing",
                "\"lora_alpha\": 32 | \"lora_alpha\": 0 | lora_alpha must be a whole number of at least 1 but was 0",
                "[\"v_proj\", \"q_proj\"] | [8] | target_modules must be a list of names or an expression but was [8]",
            })
    void refusesAnythingButAPlainLoraByName(String original, String changed, String message) {
        String json = FROM_PEFT.replace(original, changed);

        assertThat(json).isNotEqualTo(FROM_PEFT);
        assertThatThrownBy(() -> PeftConfig.parse(json.getBytes(StandardCharsets.UTF_8), WHERE))
                .isInstanceOfSatisfying(
                        StageFailure.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.MISMATCH))
                .hasMessage(WHERE + ": " + message);
    }

    @Test
    void refusesAKeyGivenTwice() {
        String json = FROM_PEFT.replace("\"r\": 4", "\"r\": 4, \"r\": 8");

        assertThatThrownBy(() -> PeftConfig.parse(json.getBytes(StandardCharsets.UTF_8), WHERE))
                .isInstanceOf(StageFailure.class)
                .hasMessageContaining("Duplicate field 'r'");
    }
}
