package io.sparklora.pipeline.basemodel;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/**
 * A small random Llama and how to write it down; the weights depend on the seed and the sizes only. Immutable.
 *
 * @param seed of the weights
 * @param layers number of decoder blocks
 * @param tiedHead whether the embedding is the output head
 * @param shards number of safetensors files a directory gets; 1 is {@code model.safetensors}
 * @param config keys that {@code config.json} gets beside, or instead of, the usual ones
 */
public record TinyLlama(long seed, int layers, boolean tiedHead, int shards, Map<String, Object> config) {
    /** Width of the residual stream. */
    public static final int HIDDEN = 32;
    /** Width inside the feed-forward. */
    public static final int INTERMEDIATE = 64;
    /** Query heads. */
    public static final int HEADS = 4;
    /** Key and value heads. */
    public static final int KEY_VALUE_HEADS = 2;
    /** Width of a head. */
    public static final int HEAD_SIZE = HIDDEN / HEADS;
    /** Rows of the embedding. */
    public static final int VOCABULARY = 300;
    /** Most positions. */
    public static final int CONTEXT = 8192;

    private static final ObjectMapper JSON = new ObjectMapper();

    /** Copies the extra keys. */
    public TinyLlama {
        config = Collections.unmodifiableMap(new LinkedHashMap<>(config));
    }

    /** A weight: rows * columns values, row-major, not to be written to; a vector has one row. */
    @SuppressWarnings("ArrayRecordComponent")
    public record Weight(int rows, int columns, float[] values) {}

    /** Two layers, a tied head, one file. */
    public static TinyLlama seeded(long seed) {
        return new TinyLlama(seed, 2, true, 1, Map.of());
    }

    /** The same with a head of its own. */
    public TinyLlama untied() {
        return new TinyLlama(seed, layers, false, shards, config);
    }

    /** The same with another number of layers. */
    public TinyLlama withLayers(int number) {
        return new TinyLlama(seed, number, tiedHead, shards, config);
    }

    /** The same in several files. */
    public TinyLlama sharded(int number) {
        return new TinyLlama(seed, layers, tiedHead, number, config);
    }

    /** The same with one more key in {@code config.json}; a JSON node of null says null. */
    public TinyLlama withConfig(String key, Object value) {
        Map<String, Object> more = new LinkedHashMap<>(config);
        more.put(key, value);
        return new TinyLlama(seed, layers, tiedHead, shards, more);
    }

    /** All weights under Hugging Face's names: matrices N(0, 1/columns), norms 1 + N(0, 0.01). */
    public Map<String, Weight> weights() {
        Random random = new Random(seed);
        Map<String, Weight> weights = new LinkedHashMap<>();
        weights.put("model.embed_tokens.weight", matrix(VOCABULARY, HIDDEN, random));
        for (int layer = 0; layer < layers; layer++) {
            String block = "model.layers." + layer + ".";
            weights.put(block + "input_layernorm.weight", norm(random));
            weights.put(block + "self_attn.q_proj.weight", matrix(HIDDEN, HIDDEN, random));
            weights.put(block + "self_attn.k_proj.weight", matrix(KEY_VALUE_HEADS * HEAD_SIZE, HIDDEN, random));
            weights.put(block + "self_attn.v_proj.weight", matrix(KEY_VALUE_HEADS * HEAD_SIZE, HIDDEN, random));
            weights.put(block + "self_attn.o_proj.weight", matrix(HIDDEN, HIDDEN, random));
            weights.put(block + "post_attention_layernorm.weight", norm(random));
            weights.put(block + "mlp.gate_proj.weight", matrix(INTERMEDIATE, HIDDEN, random));
            weights.put(block + "mlp.up_proj.weight", matrix(INTERMEDIATE, HIDDEN, random));
            weights.put(block + "mlp.down_proj.weight", matrix(HIDDEN, INTERMEDIATE, random));
        }
        weights.put("model.norm.weight", norm(random));
        if (!tiedHead) {
            weights.put("lm_head.weight", matrix(VOCABULARY, HIDDEN, random));
        }
        return weights;
    }

    /** One of the weights. */
    public Weight weight(String name) {
        return Optional.ofNullable(weights().get(name)).orElseThrow();
    }

    private static Weight matrix(int rows, int columns, Random random) {
        float[] values = new float[rows * columns];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (random.nextGaussian() / Math.sqrt(columns));
        }
        return new Weight(rows, columns, values);
    }

    private static Weight norm(Random random) {
        float[] values = new float[HIDDEN];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (1 + 0.1 * random.nextGaussian());
        }
        return new Weight(1, HIDDEN, values);
    }

    /** Writes config.json, the tokenizer's files and the weights in F32 into a directory, created if need be. */
    public Path writeDirectory(Path directory) {
        try {
            writeTokenizer(directory);
            JSON.writeValue(directory.resolve("config.json").toFile(), configJson());
            writeWeights(directory);
            return directory;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Writes the tokenizer's files into a directory, created if need be. */
    static Path writeTokenizer(Path directory) {
        try {
            Files.createDirectories(directory);
            JSON.writeValue(directory.resolve("tokenizer.json").toFile(), TinyTokenizer.json());
            JSON.writeValue(
                    directory.resolve("tokenizer_config.json").toFile(),
                    Map.of(
                            "chat_template", TinyTokenizer.CHAT_TEMPLATE,
                            "eos_token", "<|im_end|>",
                            "bos_token", "<|im_start|>",
                            "pad_token", "<|im_end|>"));
            return directory;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Map<String, Object> configJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("architectures", List.of("LlamaForCausalLM"));
        json.put("model_type", "llama");
        json.put("hidden_size", HIDDEN);
        json.put("intermediate_size", INTERMEDIATE);
        json.put("num_hidden_layers", layers);
        json.put("num_attention_heads", HEADS);
        json.put("num_key_value_heads", KEY_VALUE_HEADS);
        json.put("vocab_size", VOCABULARY);
        json.put("max_position_embeddings", CONTEXT);
        json.put("rope_theta", 10000.0);
        json.put("rms_norm_eps", 1e-5);
        json.put("hidden_act", "silu");
        json.put("tie_word_embeddings", tiedHead);
        json.put("bos_token_id", 1);
        json.put("eos_token_id", 2);
        json.put("pad_token_id", 2);
        json.put("torch_dtype", "float32");
        json.putAll(config);
        return json;
    }

    private void writeWeights(Path directory) throws IOException {
        List<SafetensorsWriter> writers = new ArrayList<>();
        for (int shard = 0; shard < shards; shard++) {
            writers.add(new SafetensorsWriter().metadata("format", "pt"));
        }
        Map<String, String> index = new LinkedHashMap<>();
        for (Map.Entry<String, Weight> named : weights().entrySet()) {
            Weight weight = named.getValue();
            int shard = index.size() % shards;
            List<Long> shape = named.getKey().endsWith("norm.weight")
                    ? List.of((long) weight.columns())
                    : List.of((long) weight.rows(), (long) weight.columns());
            writers.get(shard).add(named.getKey(), shape, weight.values());
            index.put(named.getKey(), shardName(shard));
        }
        for (int shard = 0; shard < shards; shard++) {
            try (OutputStream out = Files.newOutputStream(directory.resolve(shardName(shard)))) {
                writers.get(shard).writeTo(out);
            }
        }
        if (shards > 1) {
            JSON.writeValue(
                    directory.resolve("model.safetensors.index.json").toFile(),
                    Map.of("metadata", Map.of("total_size", 0), "weight_map", index));
        }
    }

    private String shardName(int shard) {
        return shards == 1 ? "model.safetensors" : "model-%05d-of-%05d.safetensors".formatted(shard + 1, shards);
    }

    /** Writes the model as a GGUF file in F32, rows of q and k in GGUF's order. */
    public Path writeGguf(Path file) {
        try {
            Files.write(file, ggufBytes().build());
            return file;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The model as GGUF, to be changed before it is built. */
    public GgufBytes ggufBytes() {
        GgufBytes gguf = new GgufBytes()
                .metadata("general.architecture", "llama")
                .metadata("llama.block_count", layers)
                .metadata("llama.context_length", CONTEXT)
                .metadata("llama.embedding_length", HIDDEN)
                .metadata("llama.feed_forward_length", INTERMEDIATE)
                .metadata("llama.attention.head_count", HEADS)
                .metadata("llama.attention.head_count_kv", KEY_VALUE_HEADS)
                .metadata("llama.rope.freq_base", 10000f)
                .metadata("llama.attention.layer_norm_rms_epsilon", 1e-5f)
                .metadata("llama.vocab_size", VOCABULARY)
                .metadata("llama.rope.dimension_count", HEAD_SIZE);
        tokenizer(gguf);
        weights().forEach((name, weight) -> {
            if (name.endsWith("norm.weight")) {
                gguf.tensor(ggufName(name), weight.values(), weight.columns());
            } else {
                gguf.tensor(ggufName(name), ggufOrder(name, weight), weight.columns(), weight.rows());
            }
        });
        return gguf;
    }

    private static void tokenizer(GgufBytes gguf) {
        List<String> tokens = TinyTokenizer.tokens();
        List<Integer> types = new ArrayList<>(Collections.nCopies(tokens.size(), 1));
        for (int special = 0; special < TinyTokenizer.SPECIAL.size(); special++) {
            types.set(special, 3);
        }
        gguf.metadata("tokenizer.ggml.model", "gpt2")
                .metadata("tokenizer.ggml.pre", "gpt-2")
                .metadata("tokenizer.ggml.add_bos_token", false)
                .texts("tokenizer.ggml.tokens", tokens)
                .int32s("tokenizer.ggml.token_type", types)
                .texts("tokenizer.ggml.merges", TinyTokenizer.merges())
                .metadata("tokenizer.ggml.bos_token_id", 1)
                .metadata("tokenizer.ggml.eos_token_id", 2)
                .metadata("tokenizer.ggml.padding_token_id", 2)
                .metadata("tokenizer.chat_template", TinyTokenizer.CHAT_TEMPLATE);
    }

    private static String ggufName(String name) {
        return name.replace("model.embed_tokens", "token_embd")
                .replace("model.norm", "output_norm")
                .replace("lm_head", "output")
                .replace("model.layers", "blk")
                .replace("input_layernorm", "attn_norm")
                .replace("post_attention_layernorm", "ffn_norm")
                .replace("self_attn.q_proj", "attn_q")
                .replace("self_attn.k_proj", "attn_k")
                .replace("self_attn.v_proj", "attn_v")
                .replace("self_attn.o_proj", "attn_output")
                .replace("mlp.gate_proj", "ffn_gate")
                .replace("mlp.up_proj", "ffn_up")
                .replace("mlp.down_proj", "ffn_down");
    }

    /** Rows of q and k as llama.cpp wants them: row j of a head's first half to 2j, of its second half to 2j + 1. */
    private static float[] ggufOrder(String name, Weight weight) {
        if (!name.endsWith("q_proj.weight") && !name.endsWith("k_proj.weight")) {
            return weight.values();
        }
        int columns = weight.columns();
        int half = HEAD_SIZE / 2;
        float[] permuted = new float[weight.values().length];
        for (int row = 0; row < weight.rows(); row++) {
            int head = row / HEAD_SIZE;
            int within = row % HEAD_SIZE;
            int target = head * HEAD_SIZE + 2 * (within % half) + within / half;
            System.arraycopy(weight.values(), row * columns, permuted, target * columns, columns);
        }
        return permuted;
    }
}
