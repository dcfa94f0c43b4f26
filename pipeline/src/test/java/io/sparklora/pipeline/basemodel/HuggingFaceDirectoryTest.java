package io.sparklora.pipeline.basemodel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.fasterxml.jackson.databind.node.NullNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class HuggingFaceDirectoryTest {
    private static final TinyLlama TINY = TinyLlama.seeded(3).withLayers(1);
    private static final Map<String, Object> LLAMA3 = Map.of(
            "rope_type",
            "llama3",
            "factor",
            32.0,
            "low_freq_factor",
            1.0,
            "high_freq_factor",
            4.0,
            "original_max_position_embeddings",
            128);

    @TempDir
    Path directory;

    private DecoderShape shape(TinyLlama tiny) {
        try (BaseModel model = BaseModel.open(tiny.writeDirectory(directory))) {
            return model.shape();
        }
    }

    static Stream<Arguments> refusedConfigurations() {
        return Stream.of(
                arguments(
                        "model_type",
                        "bloom",
                        "must be one of " + String.join(", ", DecoderFamily.modelTypes()) + " but is \"bloom\""),
                arguments("hidden_act", "gelu", "must be silu but is \"gelu\""),
                arguments("attention_bias", "yes", "must be true or false but is \"yes\""),
                arguments("mlp_bias", 1, "must be true or false but is 1"),
                arguments("sliding_window", 16, "= 16 is not known to family llama as computed here"),
                arguments("use_sliding_window", false, "= false is not known to family llama as computed here"),
                arguments("rope_interleaved", true, "must be false but is true"),
                arguments("attention_dropout", 0.1, "must be 0 but is 0.1"),
                arguments("partial_rotary_factor", 0.5, "must be 1 but is 0.5"),
                arguments("quantization_config", Map.of("bits", 4), "must be absent but is {\"bits\":4}"),
                arguments("auto_map", Map.of("AutoModel", "x.Y"), "must be absent but is"),
                arguments("architectures", List.of("LlamaForSequenceClassification"), "must be LlamaForCausalLM alone"),
                arguments("layer_types", List.of("sliding_attention"), "must be full_attention in every layer but is"),
                arguments("logits_scaling", 8, "= 8 is not known to family llama as computed here"),
                arguments("hidden_size", "32", "must be a whole number below 2^31 but is \"32\""),
                arguments("hidden_size", 32.5, "must be a whole number below 2^31 but is 32.5"),
                arguments("num_attention_heads", 0, "must be a divisor of hidden_size 32 but is 0"),
                arguments("num_attention_heads", 5, "must be a divisor of hidden_size 32 but is 5"),
                arguments(
                        "rope_scaling",
                        Map.of("type", "dynamic", "factor", 2),
                        "type must be one of default, linear, llama3, yarn but is"),
                arguments(
                        "rope_scaling",
                        Map.of("rope_type", "longrope"),
                        "rope_type must be one of default, linear, llama3, yarn but is"),
                arguments("rope_scaling", Map.of("rope_type", "llama3"), "factor is missing"),
                arguments(
                        "rope_parameters",
                        Map.of("full_attention", Map.of()),
                        "full_attention must be absent: known are [partial_rotary_factor, rope_theta, rope_type,"
                                + " type]"),
                arguments("eos_token_id", List.of("x"), "must be an id or a list of ids but is [\"x\"]"),
                arguments("eos_token_id", 300, "special token id 300 must be below vocab_size 300"));
    }

    @ParameterizedTest(name = "{0} = {1}")
    @MethodSource("refusedConfigurations")
    void refusesAConfigurationByItsField(String field, Object value, String message) {
        Path written = TINY.withConfig(field, value).writeDirectory(directory);
        assertThatThrownBy(() -> BaseModel.open(written))
                .isInstanceOf(InvalidBaseModelException.class)
                .message()
                .startsWith(written.resolve("config.json").toString())
                .contains(message.contains("special token") ? "" : field)
                .contains(message)
                .hasLineCount(1);
    }

    @Test
    void refusesSizesThatNoDecoderHas() {
        Path written = TINY.withConfig("rms_norm_eps", 0).writeDirectory(directory);
        assertThatThrownBy(() -> BaseModel.open(written))
                .isInstanceOf(InvalidBaseModelException.class)
                .hasMessage(written.resolve("config.json") + ": norm epsilon must be in (0, 1) but was 0.0");
    }

    @Test
    void readsLlama3ScalingFromEitherField() {
        DecoderShape before = shape(TINY.withConfig("rope_scaling", LLAMA3).withConfig("rope_theta", 500_000));
        DecoderShape since = shape(TINY.withConfig("rope_theta", NullNode.instance)
                .withConfig("rope_parameters", with(LLAMA3, "rope_theta", 500_000)));
        assertThat(before)
                .isEqualTo(since)
                .extracting(DecoderShape::ropeScaling)
                .isEqualTo(Optional.of(new RopeScaling.Llama3(32, 1, 4, 128)));
        assertThat(since.ropeTheta()).isEqualTo(500_000);
    }

    private static Map<String, Object> with(Map<String, Object> map, String key, Object value) {
        Map<String, Object> more = new HashMap<>(map);
        more.put(key, value);
        return more;
    }

    /** Figures of transformers' _compute_llama3_parameters for theta 10000, head size 8, in single precision. */
    @Test
    void stretchesFrequenciesAsTransformersDoes() {
        double[] frequencies = shape(TINY.withConfig("rope_scaling", LLAMA3)).inverseFrequencies();
        assertThat(frequencies).hasSize(4);
        assertThat(frequencies[0]).isEqualTo(1);
        assertThat(frequencies[1]).isCloseTo(0.03661737647798341, within(1e-7));
        assertThat(frequencies[2]).isCloseTo(0.01 / 32, within(1e-10));
        assertThat(frequencies[3]).isCloseTo(0.001 / 32, within(1e-11));
    }

    @Test
    void readsTheSameFrequenciesFromGguf() {
        double[] expected = shape(TINY.withConfig("rope_scaling", LLAMA3)).inverseFrequencies();
        float[] divisors = {1, (float) (0.1 / expected[1]), 32, 32};
        byte[] gguf = TINY.ggufBytes().tensor("rope_freqs.weight", divisors, 4).build();
        ByteSource source = ByteSource.of(gguf, "tiny.gguf");
        try (BaseModel model = new GgufModel(Path.of("tiny.gguf"), GgufFile.read(source))) {
            assertThat(model.shape().inverseFrequencies()).containsExactly(expected, within(1e-8));
        }
    }

    @Test
    void takesTransformersDefaultsWhereMistralsFieldsAreAbsent() {
        TinyLlama mistral = TINY.withConfig("model_type", "mistral")
                .withConfig("architectures", List.of("MistralForCausalLM"))
                .withConfig("max_position_embeddings", 8192);
        DecoderShape absent = shape(mistral);
        DecoderShape none = shape(mistral.withConfig("sliding_window", NullNode.instance));
        DecoderShape wide = shape(mistral.withConfig("sliding_window", 8192));

        assertThat(absent.architecture()).isEqualTo("mistral");
        assertThat(absent.contextLength()).isEqualTo(8192);
        assertThat(absent.variant().windows()).containsExactly(4096);
        assertThat(none.variant()).isEqualTo(DecoderVariant.PLAIN);
        assertThat(wide.variant().windows()).containsExactly(8192);
    }

    @Test
    void readsHeadsWiderThanTheirShareOfTheHiddenSize() {
        Path written = TINY.withConfig("head_dim", 16).writeDirectory(directory);
        assertThatThrownBy(() -> BaseModel.open(written))
                .isInstanceOf(InvalidBaseModelException.class)
                .hasMessageEndingWith(
                        "tensor model.layers.0.self_attn.q_proj.weight is F32 [32, 32] but must be F32, F16"
                                + " or BF16 [64, 32]");
    }

    @Test
    void refusesAShardedModelWithoutAShardOrWithATensorMissing() throws IOException {
        Path written = TinyLlama.seeded(3).sharded(2).writeDirectory(directory);
        Path index = written.resolve("model.safetensors.index.json");
        String good = Files.readString(index);
        Files.writeString(index, good.replaceFirst("00001-of", "00002-of"));
        assertThatThrownBy(() -> BaseModel.open(written))
                .isInstanceOf(InvalidBaseModelException.class)
                .hasMessageContaining("model-00002-of-00002.safetensors: tensor ")
                .hasMessageEndingWith(" is missing");
        Files.writeString(index, good.replaceFirst("model-00001", "../model-00001"));
        assertThatThrownBy(() -> BaseModel.open(written))
                .isInstanceOf(InvalidBaseModelException.class)
                .hasMessageContaining("must be the name of a .safetensors file in this directory but is \"../model");
        Files.writeString(index, good);
        Files.delete(written.resolve("model-00001-of-00002.safetensors"));
        assertThatThrownBy(() -> BaseModel.open(written))
                .isInstanceOf(InvalidBaseModelException.class)
                .hasMessageEndingWith("model-00001-of-00002.safetensors: there is no such file");
    }

    @Test
    void refusesADirectoryWithoutWeightsOrTokenizer() throws IOException {
        Path written = TINY.writeDirectory(directory);
        Files.delete(written.resolve("tokenizer.json"));
        assertThatThrownBy(() -> BaseModel.open(written))
                .isInstanceOf(InvalidBaseModelException.class)
                .hasMessage(written.resolve("tokenizer.json") + ": there is no such file");
        Files.delete(written.resolve("model.safetensors"));
        assertThatThrownBy(() -> BaseModel.open(written))
                .isInstanceOf(InvalidBaseModelException.class)
                .hasMessageContaining("there is neither model.safetensors nor model.safetensors.index.json");
    }

    @Test
    void refusesATokenizerWithIdsBeyondTheEmbedding() {
        Path written = TINY.writeDirectory(directory);
        Path tokenizer = written.resolve("tokenizer.json");
        rewrite(tokenizer, ":299", ":300");
        assertThatThrownBy(() -> BaseModel.open(written))
                .isInstanceOf(InvalidBaseModelException.class)
                .hasMessage(tokenizer + ": token '\u0120l' has id 300 but the model has embeddings for 0 to 299 only");
    }

    @Test
    void readsEndsOfSequenceFromTheGenerationConfigurationToo() throws IOException {
        Path written = TINY.withConfig("eos_token_id", List.of(2, 5)).writeDirectory(directory);
        Files.writeString(written.resolve("generation_config.json"), "{\"eos_token_id\": [7]}");
        try (BaseModel model = BaseModel.open(written)) {
            assertThat(model.specialTokens())
                    .isEqualTo(new SpecialTokens(OptionalInt.of(1), false, List.of(0, 2, 5, 7), 0, OptionalInt.of(2)));
        }
    }

    @Test
    void addsBosWhereThePostProcessorDoesOrTheConfigurationSays() throws IOException {
        Path written = TINY.writeDirectory(directory);
        rewrite(
                written.resolve("tokenizer.json"),
                "{\"version\"",
                "{\"post_processor\":{\"type\":\"Sequence\",\"processors\":[{\"type\":\"TemplateProcessing\",\"single\":["
                        + "{\"SpecialToken\":{\"id\":\"<|im_start|>\",\"type_id\":0}},"
                        + "{\"Sequence\":{\"id\":\"A\",\"type_id\":0}}]}]},\"version\"");
        assertThat(bosByDefault(written)).isTrue();
        rewrite(written.resolve("tokenizer_config.json"), "{", "{\"add_bos_token\":false,");
        assertThat(bosByDefault(written)).isFalse();
    }

    private static boolean bosByDefault(Path written) {
        try (BaseModel model = BaseModel.open(written)) {
            return model.specialTokens().bosByDefault();
        }
    }

    @Test
    void prefersTheTemplateInAFileOfItsOwn() throws IOException {
        Path written = TINY.writeDirectory(directory);
        Files.writeString(written.resolve("chat_template.jinja"), "{{ messages }}");
        try (BaseModel model = BaseModel.open(written)) {
            assertThat(model.chatTemplate()).contains("{{ messages }}");
        }
    }

    @Test
    void refusesTextThatIsNoUtf8() throws IOException {
        Path written = TINY.writeDirectory(directory);
        Files.write(written.resolve("chat_template.jinja"), new byte[] {(byte) 0xC3, 0x28});
        assertThatThrownBy(() -> BaseModel.open(written))
                .isInstanceOf(InvalidBaseModelException.class)
                .hasMessage(written.resolve("chat_template.jinja") + ": this is no valid UTF-8");
        Files.write(written.resolve("config.json"), "{\"\u00e9\":1}".getBytes(StandardCharsets.ISO_8859_1));
        assertThatThrownBy(() -> BaseModel.open(written))
                .isInstanceOf(InvalidBaseModelException.class)
                .hasMessageStartingWith(written.resolve("config.json") + ": this is no valid");
    }

    private static void rewrite(Path file, String old, String replacement) {
        try {
            String text = Files.readString(file);
            int at = text.indexOf(old);
            assertThat(at).as(old).isNotNegative();
            Files.writeString(file, text.substring(0, at) + replacement + text.substring(at + old.length()));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
