package io.sparklora.pipeline.basemodel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GgufTokenizerTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String BYTE_LEVEL =
            "{'type':'ByteLevel','add_prefix_space':false,'trim_offsets':true,'use_regex':%s}";

    private static BaseModel model(GgufBytes gguf) {
        ByteSource source = ByteSource.of(gguf.build(), "tiny.gguf");
        return new GgufModel(Path.of("tiny.gguf"), GgufFile.read(source));
    }

    private static JsonNode json(String text) {
        try {
            return JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw new AssertionError(e);
        }
    }

    private static JsonNode quoted(String text) {
        return json(text.replace('\'', '"'));
    }

    private static GgufBytes cutBy(String pre) {
        return TinyLlama.seeded(1)
                .withLayers(1)
                .ggufBytes()
                .without("tokenizer.ggml.pre")
                .metadata("tokenizer.ggml.pre", pre);
    }

    @Test
    void cutsAsGpt2Does() {
        try (BaseModel model = model(cutBy("gpt-2"))) {
            assertThat(json(model.tokenizerJson()).get("pre_tokenizer"))
                    .isEqualTo(quoted(BYTE_LEVEL.formatted("true")));
        }
    }

    @ParameterizedTest
    @CsvSource({"llama-bpe, '\\p{N}{1,3}', true", "llama3, '\\p{N}{1,3}', true", "qwen2, '\\p{N}', false"})
    void cutsByTheModelsRegularExpression(String pre, String digits, boolean ignoresMerges) {
        String regex = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|" + digits
                + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
        try (BaseModel model = model(cutBy(pre))) {
            JsonNode tokenizer = json(model.tokenizerJson());
            assertThat(tokenizer
                            .at("/pre_tokenizer/pretokenizers/0/pattern/Regex")
                            .textValue())
                    .isEqualTo(regex);
            assertThat(tokenizer.at("/pre_tokenizer/pretokenizers/1")).isEqualTo(quoted(BYTE_LEVEL.formatted("false")));
            assertThat(tokenizer.at("/model/ignore_merges").booleanValue()).isEqualTo(ignoresMerges);
        }
    }

    @ParameterizedTest
    @CsvSource({"llama-bpe, true", "smollm, false", "gpt-2, false", "qwen2, false"})
    void addsBosByTheKindOfTokenizerWhereTheFileDoesNotSay(String pre, boolean bos) {
        try (BaseModel model = model(cutBy(pre).without("tokenizer.ggml.add_bos_token"))) {
            assertThat(model.specialTokens().bosByDefault()).isEqualTo(bos);
        }
    }

    @Test
    void mergesSentencePieceByScore() {
        List<String> pieces = List.of("a", "b", "c", "ab", "bc", "abc", "\u2581", "\u2581a");
        List<Float> scores = List.of(-10f, -11f, -12f, -3f, -2f, -4f, -13f, -3f);
        try (BaseModel model = model(TinySentencePiece.gguf(pieces, scores))) {
            JsonNode tokenizer = json(model.tokenizerJson());
            assertThat(tokenizer.at("/model/merges"))
                    .isEqualTo(quoted("[['b','c'],['a','b'],['\u2581','a'],['a','bc'],['ab','c']]"));
            assertThat(tokenizer.get("normalizer"))
                    .isEqualTo(quoted("{'type':'Sequence','normalizers':[{'type':'Prepend','prepend':'\u2581'},"
                            + "{'type':'Replace','pattern':{'String':' '},'content':'\u2581'}]}"));
            assertThat(tokenizer.get("decoder"))
                    .isEqualTo(quoted("{'type':'Sequence','decoders':[{'type':'Replace','pattern':{'String':'\u2581'},"
                            + "'content':' '},{'type':'ByteFallback'},{'type':'Fuse'},"
                            + "{'type':'Strip','content':' ','start':1,'stop':0}]}"));
            assertThat(tokenizer.at("/model/unk_token").textValue()).isEqualTo("<unk>");
            assertThat(tokenizer.at("/model/byte_fallback").booleanValue()).isTrue();
            assertThat(tokenizer.get("added_tokens").findValuesAsText("content"))
                    .containsExactly("<unk>", "<s>", "</s>");
            assertThat(model.specialTokens())
                    .isEqualTo(new SpecialTokens(OptionalInt.of(1), true, List.of(2), 2, OptionalInt.of(2)));
        }
    }

    @Test
    void leavesTheSpaceOutWhereTheFileSays() {
        GgufBytes gguf =
                TinySentencePiece.gguf(List.of("a"), List.of(0f)).metadata("tokenizer.ggml.add_space_prefix", false);
        try (BaseModel model = model(gguf)) {
            JsonNode tokenizer = json(model.tokenizerJson());
            assertThat(tokenizer.at("/normalizer/type").textValue()).isEqualTo("Replace");
            assertThat(tokenizer.get("decoder").findValuesAsText("type")).doesNotContain("Strip");
        }
    }

    @Test
    void refusesScoresThatAreMissingOrTooFew() {
        GgufBytes gguf = TinySentencePiece.gguf(List.of("a"), List.of());
        assertThatThrownBy(() -> {
                    try (BaseModel model = model(gguf)) {
                        model.tokenizerJson();
                    }
                })
                .isInstanceOf(InvalidBaseModelException.class)
                .hasMessage(
                        "tiny.gguf: metadata key tokenizer.ggml.scores must be one score for each of the 260 tokens but"
                                + " is an array of 259 floats");
    }
}
