package io.sparklora.training.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.config.BaseConfig;
import io.sparklora.pipeline.config.LoraConfig;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.apache.hadoop.fs.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class PeftConfigTest {
    private static final Path WHERE = new Path("a/adapter_config.json");
    private static final PeftConfig ALL = new PeftConfig("base.gguf", 8, 16, List.of("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"));

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
        assertThat(new String(ALL.json(), StandardCharsets.UTF_8)).isEqualTo("""
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
        assertThat(PeftConfig.parse(ALL.json(), WHERE)).isEqualTo(ALL);
    }

    @Test
    void readsWhatPeftWrites() {
        PeftConfig config = PeftConfig.parse(FROM_PEFT.getBytes(StandardCharsets.UTF_8), WHERE);

        assertThat(config).isEqualTo(new PeftConfig("", 4, 32, List.of("q_proj", "v_proj")));
        assertThat(config.scaling()).isEqualTo(8);
    }

    @Test
    void namesTheBaseWithoutTheWayToIt() {
        PeftConfig config = PeftConfig.of(
                new BaseConfig("/data/models/tiny.gguf", BaseConfig.Dtype.BF16),
                new LoraConfig(2, 4, List.of("all-linear")));

        assertThat(config.baseModel()).isEqualTo("tiny.gguf");
        assertThat(config.targets()).containsExactly("all-linear");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"use_dora\": false | \"use_dora\": true | use_dora must be false, null or empty but was true: only plain LoRA adapters are supported",
                "\"use_rslora\": false | \"use_rslora\": true | use_rslora must be false, null or empty but was true: only plain LoRA adapters are supported",
                "\"lora_bias\": false | \"lora_bias\": true | lora_bias must be false, null or empty but was true: only plain LoRA adapters are supported",
                "\"fan_in_fan_out\": false | \"fan_in_fan_out\": true | fan_in_fan_out must be false, null or empty but was true: only plain LoRA adapters are supported",
                "\"rank_pattern\": {} | \"rank_pattern\": {\"q_proj\": 2} | rank_pattern must be false, null or empty but was {q_proj=2}: only plain LoRA adapters are supported",
                "\"modules_to_save\": null | \"modules_to_save\": [\"lm_head\"] | modules_to_save must be false, null or empty but was [lm_head]: only plain LoRA adapters are supported",
                "\"bias\": \"none\" | \"bias\": \"all\" | bias must be none but was all",
                "\"init_lora_weights\": true | \"init_lora_weights\": \"pissa\" | init_lora_weights must be one of [true, false, gaussian] but was pissa",
                "\"peft_type\": \"LORA\" | \"peft_type\": \"IA3\" | peft_type must be LORA but was IA3",
                "\"peft_type\": \"LORA\" | \"peft_type\": null | peft_type must be LORA but is missing",
                "\"task_type\": \"CAUSAL_LM\" | \"task_type\": \"SEQ_CLS\" | task_type must be CAUSAL_LM but was SEQ_CLS",
                "\"revision\": null | \"use_fancy\": false | unknown key use_fancy with value false",
                "\"r\": 4 | \"r\": 4.5 | r must be a whole number of at least 1 but was 4.5",
                "\"r\": 4, | '' | r must be a whole number of at least 1 but is missing",
                "\"lora_alpha\": 32 | \"lora_alpha\": 0 | lora_alpha must be a whole number of at least 1 but was 0",
                "[\"v_proj\", \"q_proj\"] | \"all-linear\" | target_modules must be a list of names but was all-linear",
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
