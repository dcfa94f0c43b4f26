package io.sparklora.pipeline.basemodel;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Reads a decoder's shape from a GGUF file's metadata, and from whether it has a head and frequency factors. */
final class GgufShape {
    private static final int LARGEST = 1 << 24;
    private static final String FREQUENCIES = "rope_freqs.weight";

    private GgufShape() {}

    /** The shape; refuses what the Llama family as computed here does not have. */
    static DecoderShape of(GgufFile file) {
        GgufMetadata metadata = file.metadata();
        String architecture =
                metadata.text("general.architecture").orElseThrow(() -> metadata.missing("general.architecture"));
        if (!architecture.equals("llama")) {
            throw metadata.refusal("general.architecture", "llama");
        }
        GgufKeyRule.check(metadata);
        int hidden = metadata.int32("llama.embedding_length", 1, LARGEST);
        int heads = metadata.int32("llama.attention.head_count", 1, LARGEST);
        int headSize = headSize(metadata, hidden, heads);
        try {
            return new DecoderShape(
                    architecture,
                    hidden,
                    metadata.int32("llama.feed_forward_length", 1, LARGEST),
                    metadata.int32("llama.block_count", 1, LARGEST),
                    heads,
                    intOr(metadata, "llama.attention.head_count_kv", heads),
                    headSize,
                    vocabularySize(metadata),
                    metadata.int32("llama.context_length", 1, Integer.MAX_VALUE),
                    shortest(metadata.real("llama.rope.freq_base").orElse(10_000)),
                    frequencyFactors(file),
                    shortest(metadata.real("llama.attention.layer_norm_rms_epsilon")
                            .orElseThrow(() -> metadata.missing("llama.attention.layer_norm_rms_epsilon"))),
                    file.tensor("output.weight").isEmpty());
        } catch (IllegalArgumentException e) {
            throw new InvalidBaseModelException(file.name() + ": " + e.getMessage(), e);
        }
    }

    private static int headSize(GgufMetadata metadata, int hidden, int heads) {
        if (!metadata.has("llama.attention.key_length") && hidden % heads != 0) {
            throw metadata.refusal("llama.attention.head_count", "a divisor of the embedding length " + hidden);
        }
        int headSize = intOr(metadata, "llama.attention.key_length", hidden / heads);
        for (String key : List.of("llama.attention.value_length", "llama.rope.dimension_count")) {
            if (intOr(metadata, key, headSize) != headSize) {
                throw metadata.refusal(key, "the head size " + headSize);
            }
        }
        return headSize;
    }

    private static int vocabularySize(GgufMetadata metadata) {
        int tokens = metadata.texts("tokenizer.ggml.tokens")
                .orElseThrow(() -> metadata.missing("tokenizer.ggml.tokens"))
                .size();
        if (intOr(metadata, "llama.vocab_size", tokens) != tokens) {
            throw metadata.refusal("llama.vocab_size", "the number of tokens, " + tokens);
        }
        return tokens;
    }

    private static int intOr(GgufMetadata metadata, String key, int otherwise) {
        return metadata.has(key) ? metadata.int32(key, 1, LARGEST) : otherwise;
    }

    /** The shortest decimal that is the same as a float: 1e-5 where the file says 9.99999974e-6. */
    private static double shortest(double value) {
        float single = (float) value;
        return single == value ? Double.parseDouble(Float.toString(single)) : value;
    }

    /** Llama 3's scaling, which GGUF stores as one divisor a frequency. */
    private static Optional<RopeScaling> frequencyFactors(GgufFile file) {
        Optional<GgufTensor> stored = file.tensor(FREQUENCIES);
        if (stored.isEmpty()) {
            return Optional.empty();
        }
        GgufTensor tensor = stored.get();
        if (tensor.type() != ElementType.F32 || tensor.dimensions().size() != 1 || tensor.elements() > LARGEST) {
            throw new InvalidBaseModelException(file.name() + ": tensor " + FREQUENCIES + " is " + tensor.type() + " "
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
        return Optional.of(new RopeScaling.FrequencyFactors(divisors));
    }
}
