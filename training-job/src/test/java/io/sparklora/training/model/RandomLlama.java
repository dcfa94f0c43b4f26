package io.sparklora.training.model;

import io.sparklora.pipeline.adapter.LoraTarget;
import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.pipeline.basemodel.BaseTensor;
import io.sparklora.pipeline.basemodel.ContentHash;
import io.sparklora.pipeline.basemodel.DecoderShape;
import io.sparklora.pipeline.basemodel.DecoderVariant;
import io.sparklora.pipeline.basemodel.ElementType;
import io.sparklora.pipeline.basemodel.RopeScaling;
import io.sparklora.pipeline.basemodel.SpecialTokens;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;

/** A Llama of any shape whose weights are a function of seed, name and position, so that nothing need be stored. */
final class RandomLlama implements BaseModel {
    private final DecoderShape shape;
    private final long seed;
    private final boolean rounded;
    private final List<BaseTensor> tensors = new ArrayList<>();

    RandomLlama(DecoderShape shape, long seed) {
        this(shape, seed, false);
    }

    private RandomLlama(DecoderShape shape, long seed, boolean rounded) {
        this.shape = shape;
        this.seed = seed;
        this.rounded = rounded;
        int hidden = shape.hiddenSize();
        add("model.embed_tokens.weight", shape.vocabularySize(), hidden);
        for (int layer = 0; layer < shape.layers(); layer++) {
            String block = "model.layers." + layer + ".";
            BlockVectors.of(shape).names().forEach(name -> add(block + name, 1, length(shape, name)));
            add(block + "self_attn.q_proj.weight", shape.queryWidth(), hidden);
            add(block + "self_attn.k_proj.weight", shape.keyValueWidth(), hidden);
            add(block + "self_attn.v_proj.weight", shape.keyValueWidth(), hidden);
            add(block + "self_attn.o_proj.weight", hidden, shape.queryWidth());
            add(block + "mlp.gate_proj.weight", shape.intermediateSize(), hidden);
            add(block + "mlp.up_proj.weight", shape.intermediateSize(), hidden);
            add(block + "mlp.down_proj.weight", hidden, shape.intermediateSize());
        }
        add("model.norm.weight", 1, hidden);
        if (!shape.tiedHead()) {
            add("lm_head.weight", shape.vocabularySize(), hidden);
        }
    }

    private static int length(DecoderShape shape, String name) {
        for (LoraTarget target : LoraTarget.values()) {
            if (name.equals(target.pathInBlock() + ".bias")) {
                return target.outputSize(shape);
            }
        }
        return switch (name) {
            case "self_attn.q_norm.weight" -> shape.queryNormWidth();
            case "self_attn.k_norm.weight" -> shape.keyNormWidth();
            default -> shape.hiddenSize();
        };
    }

    /** A tiny one whose blocks are those of another family. */
    static DecoderShape tiny(DecoderVariant variant) {
        return new DecoderShape("family", 32, 48, 2, 4, 2, 8, 97, 256, 10_000, Optional.empty(), 1e-5, false, variant);
    }

    /** Two layers of hidden 32 and inner 48, heads of 8, vocabulary 97, context 256. */
    static DecoderShape tiny(int heads, int keyValueHeads, boolean tiedHead, Optional<RopeScaling> scaling) {
        return new DecoderShape("llama", 32, 48, 2, heads, keyValueHeads, 8, 97, 256, 10_000, scaling, 1e-5, tiedHead);
    }

    /** So many layers of those of {@link #tiny}. */
    static DecoderShape deep(int layers) {
        return new DecoderShape(
                "llama", 32, 48, layers, 4, 2, 8, 97, 256, 10_000, Optional.empty(), 1e-5, true, DecoderVariant.PLAIN);
    }

    /** The sizes of SmolLM2-135M. */
    static DecoderShape smolLm2() {
        return new DecoderShape("llama", 576, 1536, 30, 9, 3, 64, 49_152, 8_192, 100_000, Optional.empty(), 1e-5, true);
    }

    /** The same with every weight rounded to bf16. */
    RandomLlama rounded() {
        return new RandomLlama(shape, seed, true);
    }

    private void add(String name, long rows, int columns) {
        tensors.add(new BaseTensor(name, rows, columns, ElementType.F32));
    }

    @Override
    public Path path() {
        return Path.of("random-llama");
    }

    @Override
    public DecoderShape shape() {
        return shape;
    }

    @Override
    public ContentHash contentHash() {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256")
                    .digest((seed + " " + shape + rounded).getBytes(StandardCharsets.UTF_8));
            return new ContentHash(HexFormat.of().formatHex(digest));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public List<BaseTensor> tensors() {
        return List.copyOf(tensors);
    }

    @Override
    public BaseTensor tensor(String name) {
        return tensors.stream()
                .filter(tensor -> tensor.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no tensor " + name));
    }

    /** Norms around 1; matrices with standard deviation 1 / sqrt(columns). */
    @Override
    public void read(String name, long firstRow, int rows, float[] destination) {
        int columns = tensor(name).columns();
        boolean norm = name.endsWith("norm.weight");
        double deviation = norm ? 0.1 : 1 / Math.sqrt(columns);
        for (int row = 0; row < rows; row++) {
            SplittableRandom random = new SplittableRandom(seed * 1_000_003 + name.hashCode() * 31L + firstRow + row);
            for (int column = 0; column < columns; column++) {
                double uniform = (random.nextDouble() * 2 - 1) * Math.sqrt(3);
                float value = (float) ((norm ? 1 : 0) + deviation * uniform);
                destination[row * columns + column] =
                        rounded ? Float.intBitsToFloat(WeightType.bfloat16(value) << 16) : value;
            }
        }
    }

    @Override
    public String tokenizerJson() {
        throw new UnsupportedOperationException();
    }

    @Override
    public SpecialTokens specialTokens() {
        throw new UnsupportedOperationException();
    }

    @Override
    public Optional<String> chatTemplate() {
        return Optional.empty();
    }

    @Override
    public void close() {
        // holds nothing
    }
}
