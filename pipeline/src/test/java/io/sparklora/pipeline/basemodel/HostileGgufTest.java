package io.sparklora.pipeline.basemodel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Files that are truncated, malformed or made to hurt are refused with one line, whatever is wrong with them. */
class HostileGgufTest {
    private static final TinyLlama TINY = TinyLlama.seeded(1).withLayers(1);

    /** Opens a model from bytes and uses all of it. */
    static void use(byte[] bytes) {
        ByteSource source = ByteSource.of(bytes, "tiny.gguf");
        try (BaseModel model = new GgufModel(Path.of("tiny.gguf"), GgufFile.read(source))) {
            for (BaseTensor tensor : model.tensors()) {
                model.read(tensor.name(), 0, (int) tensor.rows(), new float[(int) tensor.elements()]);
            }
            assertThat(model.tokenizerJson()).isNotEmpty();
            assertThat(model.specialTokens().eos()).isNotEmpty();
            assertThat(model.chatTemplate()).isNotNull();
        }
    }

    private static Arguments file(String message, byte[] bytes) {
        return arguments("tiny.gguf: " + message, bytes);
    }

    private static Arguments changed(String message, UnaryOperator<GgufBytes> change) {
        return file(message, change.apply(TINY.ggufBytes()).build());
    }

    /** A key's value replaced by a whole number. */
    private static Arguments replaced(String message, String key, int value) {
        return changed("metadata key " + key + " must be " + message, gguf -> gguf.without(key)
                .metadata(key, value));
    }

    static Stream<Arguments> malformedContainers() {
        byte[] data = new byte[64];
        return Stream.of(
                file("byte 0: this is no GGUF file: it must start with the letters GGUF", new byte[0]),
                file("byte 0: this is no GGUF file", "<html>no model</html>".getBytes(StandardCharsets.UTF_8)),
                changed("byte 4: GGUF version 1 must be 2 or 3", gguf -> gguf.version(1)),
                changed(
                        "byte 4: GGUF version 50331648 (big-endian files are not read) must be",
                        gguf -> gguf.version(3 << 24)),
                changed(
                        "byte 8: the number of tensors is 9223372036854775807 but must be at most",
                        gguf -> gguf.claimingMore(0, Long.MAX_VALUE - 11)),
                changed(
                        "byte 16: the number of metadata entries is 18446744073709551615 but must be below",
                        gguf -> gguf.claimingMore(-1 - 21, 0)),
                changed(
                        "the length of a metadata key is 9223372036854775807 but must be at most",
                        gguf -> gguf.raw(new GgufBytes.Bytes().int64(Long.MAX_VALUE))),
                changed(
                        "a metadata key is not valid UTF-8",
                        gguf -> gguf.raw(new GgufBytes.Bytes()
                                .int64(2)
                                .int8(0xC3)
                                .int8(0x28)
                                .int32(4)
                                .int32(1))),
                changed(
                        "the value of x is of type 13 but must be of type 0 to 12",
                        gguf -> gguf.raw(
                                new GgufBytes.Bytes().text("x").int32(13).int32(0))),
                changed(
                        "the value of x is an array of arrays, which is not read",
                        gguf -> gguf.raw(new GgufBytes.Bytes()
                                .text("x")
                                .int32(9)
                                .int32(9)
                                .int64(1))),
                changed(
                        "the number of values of x is 1099511627776 but must be at most",
                        gguf -> gguf.raw(new GgufBytes.Bytes()
                                .text("x")
                                .int32(9)
                                .int32(4)
                                .int64(1L << 40))),
                changed(
                        "the value of x is the boolean 2 but must be 0 or 1",
                        gguf -> gguf.raw(
                                new GgufBytes.Bytes().text("x").int32(7).int8(2))),
                changed("metadata key general.name is there twice", gguf -> gguf.metadata("general.name", "a")
                        .metadata("general.name", "b")),
                changed(
                        "metadata key general.alignment must be a power of two in [8, 65536] but is 24",
                        gguf -> gguf.metadata("general.alignment", 24)),
                changed(
                        "metadata key general.alignment must be a power of two",
                        gguf -> gguf.metadata("general.alignment", 0)),
                changed("tensor x is there twice", gguf -> gguf.tensor("x", ElementType.F32, data, 16)
                        .tensor("x", ElementType.F32, data, 16)),
                changed(
                        "tensor x is of type Q2_K, which is not read; read are [F32, F16, BF16, Q4_0,",
                        gguf -> gguf.tensor("x", 10, 0, data, 256)),
                changed(
                        "tensor x is of type 4294967295, which is not read",
                        gguf -> gguf.tensor("x", -1, 0, data, 256)),
                changed(
                        "tensor x has 0 dimensions but must have 1 to 4",
                        gguf -> gguf.tensor("x", ElementType.F32, data)),
                changed(
                        "tensor x has 5 dimensions but must have 1 to 4",
                        gguf -> gguf.tensor("x", ElementType.F32, data, 1, 1, 1, 1, 1)),
                changed(
                        "tensor x of dimensions [16, 0] cannot fit this file",
                        gguf -> gguf.tensor("x", ElementType.F32, data, 16, 0)),
                changed(
                        "tensor x of dimensions [4611686018427387904, 8] cannot fit this file",
                        gguf -> gguf.tensor("x", ElementType.F32, data, 1L << 62, 8)),
                changed(
                        "tensor x of type Q4_0 has rows of 48 elements but must have a multiple of 32",
                        gguf -> gguf.tensor("x", ElementType.Q4_0, data, 48)),
                changed("which must be a multiple of 32", gguf -> gguf.tensor("x", 0, 1, data, 16)),
                changed("the file has", gguf -> gguf.tensor("x", 0, 1L << 40, data, 16)),
                changed("the file has", gguf -> gguf.tensor("x", 0, Long.MAX_VALUE - (1 << 17) + 1, data, 16)),
                changed("they must not overlap", gguf -> gguf.tensor("x", 0, -32, data, 16)),
                changed(
                        "the length of a tensor's name is 65 but must be at most 64",
                        gguf -> gguf.tensor("x".repeat(65), ElementType.F32, data, 16)));
    }

    static Stream<Arguments> otherModels() {
        return Stream.of(
                changed(
                        "metadata key general.architecture must be one of llama, qwen2, qwen3, gemma2, gemma3, phi3, starcoder2, gpt2"
                                + " but is 'mamba'",
                        gguf -> gguf.without("general.architecture").metadata("general.architecture", "mamba")),
                changed(
                        "metadata key general.type must be model but is 'adapter'",
                        gguf -> gguf.metadata("general.type", "adapter")),
                changed("metadata key llama.block_count is missing", gguf -> gguf.without("llama.block_count")),
                changed(
                        "metadata key llama.block_count must be a whole number but is 'one'",
                        gguf -> gguf.without("llama.block_count").metadata("llama.block_count", "one")),
                changed(
                        "metadata key llama.attention.layer_norm_rms_epsilon is missing",
                        gguf -> gguf.without("llama.attention.layer_norm_rms_epsilon")),
                changed(
                        "metadata key llama.logit_scale = 0.5 is not known to the families",
                        gguf -> gguf.metadata("llama.logit_scale", 0.5f)),
                changed(
                        "metadata key llama.rope.scaling.type must be none or linear but is 'yarn'",
                        gguf -> gguf.metadata("llama.rope.scaling.type", "yarn")),
                changed(
                        "metadata key llama.rope.scaling.factor must be 1 (or 0, for none) but is 2.0",
                        gguf -> gguf.metadata("llama.rope.scaling.factor", 2f)),
                changed(
                        "metadata key llama.attention.sliding_window must be 0 or at least the context length but is 8",
                        gguf -> gguf.metadata("llama.attention.sliding_window", 8)),
                changed(
                        "metadata key llama.attention.head_count_kv must be the same number for every layer",
                        gguf -> gguf.without("llama.attention.head_count_kv")
                                .int32s("llama.attention.head_count_kv", List.of(2, 1))),
                replaced("0 but is 8", "llama.expert_count", 8),
                replaced("a divisor of the embedding length 32 but is 5", "llama.attention.head_count", 5),
                replaced("the head size 8 but is 4", "llama.rope.dimension_count", 4),
                replaced("the number of tokens, 300 but is 299", "llama.vocab_size", 299),
                replaced("in [1, 16777216] but is 0", "llama.embedding_length", 0),
                changed("attention heads must be a multiple of key-value heads but are 4 and 3", gguf -> gguf.without(
                                "llama.attention.head_count_kv")
                        .metadata("llama.attention.head_count_kv", 3)),
                changed(
                        "tensor blk.0.attn_norm.weight is missing",
                        gguf -> gguf.withoutTensor("blk.0.attn_norm.weight")),
                changed(
                        "tensor blk.0.attn_q.bias has no place in family llama",
                        gguf -> gguf.tensor("blk.0.attn_q.bias", new float[32], 32)),
                changed(
                        "tensor output_norm.weight is of dimensions [16] but must be of [32]",
                        gguf -> gguf.withoutTensor("output_norm.weight")
                                .tensor("output_norm.weight", new float[16], 16)),
                changed(
                        "tensor rope_freqs.weight is F32 [2, 2] but must be F32 of one dimension",
                        gguf -> gguf.tensor("rope_freqs.weight", new float[4], 2, 2)),
                changed(
                        "there must be 4 frequency factors (half the head size) but there are 8",
                        gguf -> gguf.tensor("rope_freqs.weight", new float[] {1, 1, 1, 1, 1, 1, 1, 1}, 8)),
                changed(
                        "a frequency factor must be above 0 but was 0.0",
                        gguf -> gguf.tensor("rope_freqs.weight", new float[4], 4)),
                replaced("1 (a model in several GGUF files is not read) but is 3", "split.count", 3));
    }

    static Stream<Arguments> malformedVocabularies() {
        String merges = "tokenizer.ggml.merges";
        String types = "tokenizer.ggml.token_type";
        return Stream.of(
                changed(
                        "metadata key tokenizer.ggml.model must be gpt2 (byte-level BPE) or llama (SentencePiece BPE) but"
                                + " is 'bert'",
                        gguf -> gguf.without("tokenizer.ggml.model").metadata("tokenizer.ggml.model", "bert")),
                changed(
                        "metadata key tokenizer.ggml.pre must be one of smollm, starcoder, gpt-2, llama-bpe and qwen2 but is"
                                + " 'tekken'",
                        gguf -> gguf.without("tokenizer.ggml.pre").metadata("tokenizer.ggml.pre", "tekken")),
                changed("metadata key tokenizer.ggml.pre is missing", gguf -> gguf.without("tokenizer.ggml.pre")),
                changed("metadata key tokenizer.ggml.tokens is missing", gguf -> gguf.without("tokenizer.ggml.tokens")),
                changed("must be an array of distinct tokens (token 'a' is there twice)", gguf -> gguf.without(
                                "tokenizer.ggml.tokens")
                        .texts("tokenizer.ggml.tokens", Collections.nCopies(300, "a"))),
                changed(
                        "metadata key " + types + " must be one number for each of the 300 tokens but is an array of 1"
                                + " whole numbers",
                        gguf -> gguf.without(types).int32s(types, List.of(1))),
                changed("must be numbers in [1, 6] (token 0 has 7)", gguf -> gguf.without(types)
                        .int32s(types, Collections.nCopies(300, 7))),
                changed("('zz top' is none)", gguf -> gguf.without(merges).texts(merges, List.of("zz top"))),
                changed("('t' is none)", gguf -> gguf.without(merges).texts(merges, List.of("t"))),
                changed("metadata key " + merges + " is missing", gguf -> gguf.without(merges)),
                replaced("in [0, 299] but is 300", "tokenizer.ggml.eos_token_id", 300),
                changed("metadata key tokenizer.ggml.bos_token_id is missing", gguf -> gguf.without(
                                "tokenizer.ggml.bos_token_id")
                        .without("tokenizer.ggml.add_bos_token")
                        .metadata("tokenizer.ggml.add_bos_token", true)),
                changed(
                        "metadata key tokenizer.ggml.normalizer.lowercase = true is not known",
                        gguf -> gguf.metadata("tokenizer.ggml.normalizer.lowercase", true)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource({"malformedContainers", "otherModels", "malformedVocabularies"})
    void refusesInOneLine(String message, byte[] bytes) {
        String where = message.substring(0, "tiny.gguf: ".length());
        assertThatThrownBy(() -> use(bytes))
                .isInstanceOf(InvalidBaseModelException.class)
                .message()
                .startsWith(where)
                .contains(message.substring(where.length()))
                .hasLineCount(1);
    }

    @Test
    void refusesEveryTruncation() {
        byte[] whole = TINY.ggufBytes().build();
        use(whole);
        for (int length = 0; length < whole.length; length += length < 12_000 ? 7 : 997) {
            byte[] cut = Arrays.copyOf(whole, length);
            assertThatThrownBy(() -> use(cut)).as("%d bytes", length).isInstanceOf(InvalidBaseModelException.class);
        }
    }

    @Test
    void readsOrRefusesWhateverBytesAreFlipped() {
        byte[] whole = TINY.ggufBytes().build();
        Random random = new Random(5);
        int refused = 0;
        for (int trial = 0; trial < 3000; trial++) {
            byte[] flipped = whole.clone();
            for (int flip = 0; flip < 1 + trial % 3; flip++) {
                flipped[random.nextInt(trial % 2 == 0 ? 600 : 14_000)] = (byte) random.nextInt();
            }
            try {
                use(flipped);
            } catch (InvalidBaseModelException e) {
                refused++;
            }
        }
        assertThat(refused).isGreaterThan(1000);
    }

    @Test
    void refusesAFileThatShrinksAfterItWasOpened() {
        byte[] whole = TINY.ggufBytes().build();
        GgufFile file = GgufFile.read(ByteSource.of(whole, "tiny.gguf"));
        GgufTensor last = file.tensor("output_norm.weight").orElseThrow();
        assertThatThrownBy(() -> file.source().read(last.end(), new byte[64], 0, 64))
                .isInstanceOf(InvalidBaseModelException.class)
                .hasMessage("tiny.gguf: ends at byte " + whole.length + " but must reach byte " + (last.end() + 64)
                        + ": it is truncated");
    }
}
