package io.sparklora.pipeline.basemodel;

import java.util.List;
import java.util.Map;

/**
 * What a family's checkpoints call the weights, and how they cut them. A weight has one name in {@link BaseModel}
 * whatever the family: Llama's, such as {@code model.layers.3.self_attn.q_proj.weight}, or that of the family that first
 * had it.
 *
 * @param embedding module of the token embedding
 * @param positions module of the learned positions
 * @param finalNorm module of the norm before the head
 * @param head module of the output head
 * @param blocks path of the list of decoder blocks, such as {@code model.layers}
 * @param norms names of norms below the block, by the names of {@link NormPlacement}; a norm that is missing here is
 *     called so
 * @param layers the linear layers of a block
 * @param heads how a layer that fuses queries, keys and values orders them
 * @param orientation whether matrices are stored by output or by input features
 */
public record FamilyNames(
        String embedding,
        String positions,
        String finalNorm,
        String head,
        String blocks,
        Map<String, String> norms,
        List<Layer> layers,
        HeadOrder heads,
        Orientation orientation) {
    /** A linear layer with the parts that it is cut into, in the order of its rows. */
    public record Layer(String path, List<String> parts) {
        /** Copies the parts. */
        public Layer {
            parts = List.copyOf(parts);
        }
    }

    /** The order of the rows of a layer that is queries, keys and values. */
    public enum HeadOrder {
        /** All queries, then all keys, then all values. */
        SIDE_BY_SIDE,
        /** For each key-value head its queries, its key and its value (GPT-NeoX, Falcon). */
        BY_KEY_VALUE_HEAD
    }

    /** Which features are a stored matrix's rows. */
    public enum Orientation {
        /** Output features. */
        OUTPUT_ROWS,
        /** Input features (GPT-2's Conv1D). */
        INPUT_ROWS
    }

    static final String Q = "self_attn.q_proj";
    static final String K = "self_attn.k_proj";
    static final String V = "self_attn.v_proj";
    static final String O = "self_attn.o_proj";
    static final String GATE = "mlp.gate_proj";
    static final String UP = "mlp.up_proj";
    static final String DOWN = "mlp.down_proj";

    private static final List<Layer> SEVEN = List.of(
            new Layer(Q, List.of(Q)),
            new Layer(K, List.of(K)),
            new Layer(V, List.of(V)),
            new Layer(O, List.of(O)),
            new Layer(GATE, List.of(GATE)),
            new Layer(UP, List.of(UP)),
            new Layer(DOWN, List.of(DOWN)));

    private static final FamilyNames LLAMA = of("model.layers", Map.of(), SEVEN);

    private static final FamilyNames PHI3 = of(
            "model.layers",
            Map.of(),
            List.of(
                    new Layer("self_attn.qkv_proj", List.of(Q, K, V)),
                    new Layer(O, List.of(O)),
                    new Layer("mlp.gate_up_proj", List.of(GATE, UP)),
                    new Layer(DOWN, List.of(DOWN))));

    private static final FamilyNames STARCODER2 = of(
            "model.layers",
            Map.of(),
            List.of(
                    new Layer(Q, List.of(Q)),
                    new Layer(K, List.of(K)),
                    new Layer(V, List.of(V)),
                    new Layer(O, List.of(O)),
                    new Layer("mlp.c_fc", List.of(UP)),
                    new Layer("mlp.c_proj", List.of(DOWN))));

    private static final FamilyNames GPT2 = new FamilyNames(
            "transformer.wte",
            "transformer.wpe",
            "transformer.ln_f",
            "lm_head",
            "transformer.h",
            Map.of("input_layernorm", "ln_1", "post_attention_layernorm", "ln_2"),
            List.of(
                    new Layer("attn.c_attn", List.of(Q, K, V)),
                    new Layer("attn.c_proj", List.of(O)),
                    new Layer("mlp.c_fc", List.of(UP)),
                    new Layer("mlp.c_proj", List.of(DOWN))),
            HeadOrder.SIDE_BY_SIDE,
            Orientation.INPUT_ROWS);

    private static final FamilyNames GPT_NEOX = new FamilyNames(
            "gpt_neox.embed_in",
            "",
            "gpt_neox.final_layer_norm",
            "embed_out",
            "gpt_neox.layers",
            Map.of(),
            List.of(
                    new Layer("attention.query_key_value", List.of(Q, K, V)),
                    new Layer("attention.dense", List.of(O)),
                    new Layer("mlp.dense_h_to_4h", List.of(UP)),
                    new Layer("mlp.dense_4h_to_h", List.of(DOWN))),
            HeadOrder.BY_KEY_VALUE_HEAD,
            Orientation.OUTPUT_ROWS);

    private static final FamilyNames FALCON = falcon(Map.of());

    private static final FamilyNames FALCON_TWO_NORMS =
            falcon(Map.of("input_layernorm", "ln_attn", "post_attention_layernorm", "ln_mlp"));

    private static final FamilyNames MPT = new FamilyNames(
            "transformer.wte",
            "",
            "transformer.norm_f",
            "lm_head",
            "transformer.blocks",
            Map.of("input_layernorm", "norm_1", "post_attention_layernorm", "norm_2"),
            List.of(
                    new Layer("attn.Wqkv", List.of(Q, K, V)),
                    new Layer("attn.out_proj", List.of(O)),
                    new Layer("ffn.up_proj", List.of(UP)),
                    new Layer("ffn.down_proj", List.of(DOWN))),
            HeadOrder.SIDE_BY_SIDE,
            Orientation.OUTPUT_ROWS);

    private static final Layer GGUF_QKV = new Layer("attn_qkv", List.of(Q, K, V));
    private static final Layer GGUF_Q = new Layer("attn_q", List.of(Q));
    private static final Layer GGUF_K = new Layer("attn_k", List.of(K));
    private static final Layer GGUF_V = new Layer("attn_v", List.of(V));
    private static final Layer GGUF_O = new Layer("attn_output", List.of(O));
    private static final Layer GGUF_GATE = new Layer("ffn_gate", List.of(GATE));
    private static final Layer GGUF_UP = new Layer("ffn_up", List.of(UP));
    private static final Layer GGUF_GATE_UP = new Layer("ffn_up", List.of(GATE, UP));
    private static final Layer GGUF_DOWN = new Layer("ffn_down", List.of(DOWN));

    /** GGUF's layers as Llama has them. */
    static final List<Layer> GGUF_SEVEN = List.of(GGUF_Q, GGUF_K, GGUF_V, GGUF_O, GGUF_GATE, GGUF_UP, GGUF_DOWN);

    /** GGUF's layers of a feed-forward without a gate. */
    static final List<Layer> GGUF_WITHOUT_GATE = List.of(GGUF_Q, GGUF_K, GGUF_V, GGUF_O, GGUF_UP, GGUF_DOWN);

    /** The same with queries, keys and values in one. */
    static final List<Layer> GGUF_FUSED = List.of(GGUF_QKV, GGUF_O, GGUF_UP, GGUF_DOWN);

    /** With queries, keys and values in one, and gate and ascent in one (Phi-3). */
    static final List<Layer> GGUF_FUSED_WITH_GATE = List.of(GGUF_QKV, GGUF_O, GGUF_GATE_UP, GGUF_DOWN);

    /** Copies the collections. */
    public FamilyNames {
        norms = Map.copyOf(norms);
        layers = List.copyOf(layers);
    }

    private static FamilyNames of(String blocks, Map<String, String> norms, List<Layer> layers) {
        return new FamilyNames(
                "model.embed_tokens",
                "model.embed_positions",
                "model.norm",
                "lm_head",
                blocks,
                norms,
                layers,
                HeadOrder.SIDE_BY_SIDE,
                Orientation.OUTPUT_ROWS);
    }

    /** The names of a GGUF file. */
    static FamilyNames gguf(Map<String, String> norms, List<Layer> layers) {
        return new FamilyNames(
                "token_embd",
                "position_embd",
                "output_norm",
                "output",
                "blk",
                norms,
                layers,
                HeadOrder.SIDE_BY_SIDE,
                Orientation.OUTPUT_ROWS);
    }

    private static FamilyNames falcon(Map<String, String> norms) {
        return new FamilyNames(
                "transformer.word_embeddings",
                "",
                "transformer.ln_f",
                "lm_head",
                "transformer.h",
                norms,
                List.of(
                        new Layer("self_attention.query_key_value", List.of(Q, K, V)),
                        new Layer("self_attention.dense", List.of(O)),
                        new Layer("mlp.dense_h_to_4h", List.of(UP)),
                        new Layer("mlp.dense_4h_to_h", List.of(DOWN))),
                HeadOrder.BY_KEY_VALUE_HEAD,
                Orientation.OUTPUT_ROWS);
    }

    /** The names of the family that a shape is of; Llama's where it is none of those in {@link DecoderFamily}. */
    public static FamilyNames of(DecoderShape shape) {
        return switch (DecoderFamily.of(shape.architecture()).orElse(DecoderFamily.LLAMA)) {
            case LLAMA, MISTRAL, QWEN2, QWEN3, GRANITE, OLMO2, GEMMA2, GEMMA3 -> LLAMA;
            case PHI3 -> PHI3;
            case STARCODER2 -> STARCODER2;
            case GPT2 -> GPT2;
            case GPT_NEOX -> GPT_NEOX;
            case FALCON -> shape.variant().normPlacement() == NormPlacement.PARALLEL ? FALCON_TWO_NORMS : FALCON;
            case MPT -> MPT;
        };
    }

    /** What names of tensors begin with, unless a checkpoint leaves it out of all; empty where none may. */
    String prefix() {
        return blocks.startsWith("model.") ? "" : blocks.substring(0, blocks.indexOf('.') + 1);
    }

    /**
     * Where a checkpoint keeps a weight.
     *
     * @param name the tensor
     * @param shape its sizes
     * @param order how it keeps the weight's rows
     */
    record Stored(String name, List<Long> shape, RowOrder order) {
        /** The same where names lack a prefix. */
        Stored without(String prefix) {
            return name.startsWith(prefix) ? new Stored(name.substring(prefix.length()), shape, order) : this;
        }
    }

    /** Where a checkpoint of this family keeps a weight of that shape. */
    Stored stored(DecoderTensors.Expected expected, DecoderShape shape) {
        String name = expected.name();
        int dot = name.lastIndexOf('.');
        String kind = name.substring(dot);
        String module = name.substring(0, dot);
        if (!module.startsWith("model.layers.")) {
            return whole(top(module) + kind, expected);
        }
        int end = module.indexOf('.', "model.layers.".length());
        String block = blocks + module.substring("model.layers".length(), end + 1);
        String part = module.substring(end + 1);
        for (Layer layer : layers) {
            if (layer.parts().contains(part)) {
                return cut(block + layer.path() + kind, expected, layer, part, shape);
            }
        }
        return whole(block + norms.getOrDefault(part, part) + kind, expected);
    }

    private String top(String module) {
        return switch (module) {
            case "model.embed_tokens" -> embedding;
            case "model.embed_positions" -> positions;
            case "model.norm" -> finalNorm;
            case "lm_head" -> head;
            default -> module;
        };
    }

    private static Stored whole(String name, DecoderTensors.Expected expected) {
        return new Stored(name, sizes(expected, expected.rows(), false), RowOrder.AS_STORED);
    }

    private Stored cut(String name, DecoderTensors.Expected expected, Layer layer, String part, DecoderShape shape) {
        boolean transposed = orientation == Orientation.INPUT_ROWS && !expected.isVector();
        int rows = layer.parts().stream().mapToInt(each -> rows(each, shape)).sum();
        int first = layer.parts().stream()
                .takeWhile(each -> !each.equals(part))
                .mapToInt(each -> rows(each, shape))
                .sum();
        List<Long> sizes = sizes(expected, rows, transposed);
        if (transposed) {
            return new Stored(name, sizes, new RowOrder.Transposed(first, rows));
        }
        long width = expected.isVector() ? 1 : expected.columns();
        if (heads == HeadOrder.BY_KEY_VALUE_HEAD && layer.parts().contains(Q)) {
            return new Stored(name, sizes, byKeyValueHead(part, shape, width));
        }
        long run = rows(part, shape) * width;
        return new Stored(name, sizes, new RowOrder.Runs(first * width, run, run));
    }

    private static RowOrder byKeyValueHead(String part, DecoderShape shape, long width) {
        long head = shape.headSize() * width;
        long queries = shape.attentionHeads() / shape.keyValueHeads() * head;
        long stride = queries + 2 * head;
        return switch (part) {
            case Q -> new RowOrder.Runs(0, queries, stride);
            case K -> new RowOrder.Runs(queries, head, stride);
            default -> new RowOrder.Runs(queries + head, head, stride);
        };
    }

    private static List<Long> sizes(DecoderTensors.Expected expected, int rows, boolean transposed) {
        if (expected.isVector()) {
            return List.of((long) Math.max(rows, expected.columns()));
        }
        long columns = expected.columns();
        return transposed ? List.of(columns, (long) rows) : List.of((long) rows, columns);
    }

    private static int rows(String part, DecoderShape shape) {
        return switch (part) {
            case Q -> shape.queryWidth();
            case K, V -> shape.keyValueWidth();
            case GATE, UP -> shape.intermediateSize();
            default -> shape.hiddenSize();
        };
    }
}
