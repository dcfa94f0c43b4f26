package io.sparklora.pipeline.basemodel;

import io.sparklora.pipeline.basemodel.DecoderVariant.Activation;
import io.sparklora.pipeline.basemodel.DecoderVariant.Bias;
import io.sparklora.pipeline.basemodel.DecoderVariant.FeedForward;
import io.sparklora.pipeline.basemodel.DecoderVariant.Norm;
import io.sparklora.pipeline.basemodel.DecoderVariant.QueryKeyNorm;
import io.sparklora.pipeline.basemodel.DecoderVariant.SoftCaps;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Reads a decoder's shape from a GGUF file's metadata, and from whether it has a head and frequency factors. What an
 * architecture has that no key states is as llama.cpp has it ({@code src/llama-model.cpp}).
 *
 * @param file the opened file
 * @param architecture what it states
 */
record GgufShape(GgufFile file, GgufArchitecture architecture) {
    private static final int LARGEST = 1 << 24;
    private static final String FREQUENCIES = "rope_freqs.weight";
    private static final String LONG_FACTORS = "rope_factors_long.weight";
    private static final String SHORT_FACTORS = "rope_factors_short.weight";
    private static final double THETA = 10_000;
    private static final int GEMMA2_WINDOW = 4096;
    private static final int GEMMA3_PATTERN = 6;
    private static final int LAYERS_OF_GEMMA2_27B = 46;
    private static final int LAYERS_OF_GEMMA3_27B = 62;

    /** The window that StarCoder 2 was trained with and no key states: within it every token is seen. */
    private static final int STARCODER2_WINDOW = 4096;

    /** The shape; refuses what the family as computed here does not have. */
    static DecoderShape of(GgufFile file) {
        GgufArchitecture architecture = GgufArchitecture.of(file.metadata());
        GgufKeyRule.check(file.metadata(), architecture);
        return new GgufShape(file, architecture).shape();
    }

    private DecoderShape shape() {
        int hidden = size("embedding_length");
        int heads = size("attention.head_count");
        int layers = size("block_count");
        int headSize = headSize(hidden, heads);
        int context = file.metadata().int32(key("context_length"), 1, Integer.MAX_VALUE);
        try {
            return new DecoderShape(
                    architecture.family().modelType(),
                    hidden,
                    size("feed_forward_length"),
                    layers,
                    heads,
                    intOr("attention.head_count_kv", heads),
                    headSize,
                    vocabularySize(),
                    architecture == GgufArchitecture.STARCODER2 ? Math.min(context, STARCODER2_WINDOW) : context,
                    shortest(real("rope.freq_base").orElse(THETA)),
                    ropeScaling(context),
                    normEpsilon(),
                    file.tensor("output.weight").isEmpty(),
                    variant(hidden, layers, heads, headSize));
        } catch (IllegalArgumentException e) {
            throw new InvalidBaseModelException(file.name() + ": " + e.getMessage(), e);
        }
    }

    private String key(String suffix) {
        return architecture.key(suffix);
    }

    private int size(String suffix) {
        return file.metadata().int32(key(suffix), 1, LARGEST);
    }

    private OptionalDouble real(String suffix) {
        return file.metadata().real(key(suffix));
    }

    private double normEpsilon() {
        String suffix = norm() == Norm.RMS ? "attention.layer_norm_rms_epsilon" : "attention.layer_norm_epsilon";
        return shortest(real(suffix).orElseThrow(() -> file.metadata().missing(key(suffix))));
    }

    /** Gemma's files have 1 added to the weights of norms, so nothing is left to add. */
    private DecoderVariant variant(int hidden, int layers, int heads, int headSize) {
        boolean gemma = architecture.family().isGemma();
        return new DecoderVariant(
                biases(),
                windows(layers),
                queryKeyNorm(),
                gemma ? NormPlacement.BEFORE_AND_AFTER : NormPlacement.BEFORE,
                norm(),
                0,
                norm() == Norm.RMS ? FeedForward.GATED : FeedForward.PLAIN,
                gemma || norm() == Norm.LAYER ? Activation.GELU_TANH : Activation.SILU,
                gemma ? gemma(hidden, layers, heads, headSize) : Multipliers.NONE,
                new SoftCaps(
                        softCap("attn_logit_softcapping", architecture == GgufArchitecture.GEMMA2 ? 50 : 0),
                        softCap("final_logit_softcapping", architecture == GgufArchitecture.GEMMA2 ? 30 : 0)),
                positions(headSize),
                architecture == GgufArchitecture.GEMMA3
                        ? OptionalDouble.of(shortest(real("rope.freq_base_swa").orElse(THETA)))
                        : OptionalDouble.empty());
    }

    private Set<Bias> biases() {
        return switch (architecture) {
            case LLAMA, QWEN3, GEMMA2, GEMMA3, PHI3 -> Set.of();
            case QWEN2 -> Set.of(Bias.QUERY_KEY_VALUE);
            case STARCODER2, GPT2 -> EnumSet.allOf(Bias.class);
        };
    }

    private Norm norm() {
        return switch (architecture) {
            case LLAMA, QWEN2, QWEN3, GEMMA2, GEMMA3, PHI3 -> Norm.RMS;
            case STARCODER2, GPT2 -> Norm.LAYER;
        };
    }

    private QueryKeyNorm queryKeyNorm() {
        return switch (architecture) {
            case LLAMA, QWEN2, GEMMA2, PHI3, STARCODER2, GPT2 -> QueryKeyNorm.NONE;
            case QWEN3, GEMMA3 -> QueryKeyNorm.EACH_HEAD;
        };
    }

    /** Only the 27B models scale by another number than the head's size, and no key says so. */
    private Multipliers gemma(int hidden, int layers, int heads, int headSize) {
        int large = architecture == GgufArchitecture.GEMMA2 ? LAYERS_OF_GEMMA2_27B : LAYERS_OF_GEMMA3_27B;
        double scalar = layers == large ? (double) hidden / heads : headSize;
        return new Multipliers(Math.sqrt(hidden), OptionalDouble.of(1 / Math.sqrt(scalar)), 1, 1);
    }

    private double softCap(String suffix, double absent) {
        return real(suffix).orElse(absent);
    }

    private Positions positions(int headSize) {
        return switch (architecture) {
            case GPT2 -> new Positions.Learned();
            case PHI3 -> new Positions.Rotary(turned(headSize));
            case LLAMA, QWEN2, QWEN3, GEMMA2, GEMMA3, STARCODER2 -> Positions.ROTARY;
        };
    }

    private OptionalInt turned(int headSize) {
        int turned = intOr("rope.dimension_count", headSize);
        return turned == headSize ? OptionalInt.empty() : OptionalInt.of(turned);
    }

    private List<Integer> windows(int layers) {
        String suffix = "attention.sliding_window";
        return switch (architecture) {
            case LLAMA, QWEN2, QWEN3, STARCODER2, GPT2 -> List.of();
            case GEMMA2 -> {
                int window = intOr(suffix, GEMMA2_WINDOW);
                yield IntStream.range(0, layers)
                        .mapToObj(layer -> layer % 2 == 0 ? window : 0)
                        .toList();
            }
            case GEMMA3 -> {
                int window = size(suffix);
                yield IntStream.range(0, layers)
                        .mapToObj(layer -> (layer + 1) % GEMMA3_PATTERN == 0 ? 0 : window)
                        .toList();
            }
            case PHI3 -> {
                int window =
                        file.metadata().has(key(suffix)) ? file.metadata().int32(key(suffix), 0, Integer.MAX_VALUE) : 0;
                yield window == 0
                        ? List.of()
                        : IntStream.range(0, layers).mapToObj(layer -> window).toList();
            }
        };
    }

    private Optional<RopeScaling> ropeScaling(int context) {
        return switch (architecture) {
            case PHI3 -> longRope(context);
            case GEMMA3 -> linear();
            case LLAMA, QWEN2, QWEN3, STARCODER2 ->
                file.tensor(FREQUENCIES).map(tensor -> new RopeScaling.FrequencyFactors(floats(tensor)));
            case GEMMA2, GPT2 -> Optional.empty();
        };
    }

    /** Of the layers that see all. */
    private Optional<RopeScaling> linear() {
        double factor = real("rope.scaling.factor").orElse(0);
        return scalingType("none", "linear").equals("linear") && factor != 0
                ? Optional.of(new RopeScaling.Linear(shortest(factor)))
                : Optional.empty();
    }

    private String scalingType(String... known) {
        String type = file.metadata().text(key("rope.scaling.type")).orElse("none");
        if (!List.of(known).contains(type)) {
            throw file.metadata().refusal(key("rope.scaling.type"), String.join(" or ", known));
        }
        return type;
    }

    private Optional<RopeScaling> longRope(int context) {
        scalingType("none", "linear", "longrope");
        Optional<GgufTensor> ofLong = file.tensor(LONG_FACTORS);
        Optional<GgufTensor> ofShort = file.tensor(SHORT_FACTORS);
        if (ofLong.isEmpty() && ofShort.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(new RopeScaling.LongRope(
                doubles(ofShort.orElseThrow(() -> missing(SHORT_FACTORS))),
                doubles(ofLong.orElseThrow(() -> missing(LONG_FACTORS))),
                intOr("rope.scaling.original_context_length", context),
                shortest(real("rope.scaling.attn_factor").orElse(1))));
    }

    private InvalidBaseModelException missing(String tensor) {
        return new InvalidBaseModelException(file.name() + ": tensor " + tensor + " is missing");
    }

    private int headSize(int hidden, int heads) {
        if (!file.metadata().has(key("attention.key_length")) && hidden % heads != 0) {
            throw file.metadata().refusal(key("attention.head_count"), "a divisor of the embedding length " + hidden);
        }
        int headSize = intOr("attention.key_length", hidden / heads);
        List<String> same = architecture == GgufArchitecture.PHI3
                ? List.of("attention.value_length")
                : List.of("attention.value_length", "rope.dimension_count");
        for (String suffix : same) {
            if (intOr(suffix, headSize) != headSize) {
                throw file.metadata().refusal(key(suffix), "the head size " + headSize);
            }
        }
        return headSize;
    }

    private int vocabularySize() {
        GgufMetadata metadata = file.metadata();
        int tokens = metadata.texts("tokenizer.ggml.tokens")
                .orElseThrow(() -> metadata.missing("tokenizer.ggml.tokens"))
                .size();
        if (intOr("vocab_size", tokens) != tokens) {
            throw metadata.refusal(key("vocab_size"), "the number of tokens, " + tokens);
        }
        return tokens;
    }

    private int intOr(String suffix, int otherwise) {
        return file.metadata().has(key(suffix)) ? size(suffix) : otherwise;
    }

    /** The shortest decimal that is the same as a float: 1e-5 where the file says 9.99999974e-6. */
    private static double shortest(double value) {
        float single = (float) value;
        return single == value ? Double.parseDouble(Float.toString(single)) : value;
    }

    private List<Double> doubles(GgufTensor tensor) {
        return floats(tensor).stream().map(Float::doubleValue).toList();
    }

    /** Numbers that rotary frequencies are divided by, one a frequency. */
    private List<Float> floats(GgufTensor tensor) {
        if (tensor.type() != ElementType.F32 || tensor.dimensions().size() != 1 || tensor.elements() > LARGEST) {
            throw new InvalidBaseModelException(file.name() + ": tensor " + tensor.name() + " is " + tensor.type() + " "
                    + tensor.dimensions() + " but must be F32 of one dimension, half the head size");
        }
        float[] values = new float[(int) tensor.elements()];
        byte[] bytes = new byte[(int) tensor.byteLength()];
        file.source().read(tensor.position(), bytes, 0, bytes.length);
        Dequantiser.decode(tensor.type(), bytes, 0, values.length, values, 0);
        List<Float> divisors = new ArrayList<>(values.length);
        for (float value : values) {
            divisors.add(value);
        }
        return divisors;
    }
}
