package io.sparklora.training.model;

import ai.djl.pytorch.jni.IValue;
import io.sparklora.pipeline.adapter.Arithmetic;
import io.sparklora.pipeline.adapter.SavedModule.Role;
import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.pipeline.basemodel.DecoderShape;
import io.sparklora.pipeline.basemodel.DecoderVariant;
import io.sparklora.pipeline.basemodel.DecoderVariant.Activation;
import io.sparklora.pipeline.basemodel.DecoderVariant.Norm;
import io.sparklora.pipeline.basemodel.DecoderWeight;
import io.sparklora.pipeline.basemodel.Multipliers;
import io.sparklora.pipeline.basemodel.Positions;
import io.sparklora.training.lora.LoraLayout;
import io.sparklora.training.lora.SavedEntry;
import io.sparklora.training.lora.WholeEntry;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A decoder's forward pass, loss and gradient as TorchScript, over memory-mapped base weights.
 *
 * <p>The program is the readable library of resources in {@code program/}: one file an operation, forward and backward
 * side by side, and {@code decoder.py}, which composes them. One micro-batch is one native call. Activations of one
 * micro-batch shape are kept between calls. Bound to the thread that opened it.
 */
public final class TorchScriptProgram implements LossProgram {
    private static final List<String> OPERATIONS = List.of(
            "number",
            "layer_norm",
            "norm",
            "head_norm",
            "dropout",
            "magnitude",
            "linear",
            "residual",
            "rotary",
            "attention",
            "blocks",
            "cap",
            "alibi",
            "activation",
            "gate",
            "embedding",
            "head",
            "block");

    /** Bytes of logits that exist at a time, about. */
    private static final long LOGITS_BYTES = 50L << 20;

    private final NativeProgram program;
    private final LoraLayout layout;
    private final DecoderShape shape;
    private final Placement placement;
    private @Nullable Decoder decoder;

    private TorchScriptProgram(NativeProgram program, LoraLayout layout, DecoderShape shape, Placement placement) {
        this.program = program;
        this.layout = layout;
        this.shape = shape;
        this.placement = placement;
    }

    /**
     * Opens the program for a base model, building its weight cache if need be; the parameters are zero.
     *
     * @param model the base; not needed any more when this returns
     * @param cacheDirectory the host's directory of weight caches
     * @param stored how the cache stores linear weights
     * @param layout the trainable parameters
     * @param placement where to compute
     * @param training what it does where it computes gradients
     * @throws java.io.UncheckedIOException where the cache cannot be built or read
     */
    public static TorchScriptProgram open(
            BaseModel model,
            Path cacheDirectory,
            WeightType stored,
            LoraLayout layout,
            Placement placement,
            TrainingOptions training) {
        return open(model, cacheDirectory, stored, layout, placement, training, placement.attention());
    }

    /** The same without options. */
    static TorchScriptProgram open(
            BaseModel model, Path cacheDirectory, WeightType stored, LoraLayout layout, Placement placement) {
        return open(model, cacheDirectory, stored, layout, placement, TrainingOptions.PLAIN);
    }

    /** The same with a choice of attention, so that both ways can be tested on one device. */
    static TorchScriptProgram open(
            BaseModel model,
            Path cacheDirectory,
            WeightType stored,
            LoraLayout layout,
            Placement placement,
            TrainingOptions training,
            AttentionKernel attention) {
        BaseWeights weights = new BaseWeightCache(cacheDirectory).open(model, stored);
        NativeProgram program = new NativeProgram(archive(weights, layout, placement, training, attention), placement);
        try {
            program.call("open", OpenArguments.of(weights, layout).values()).close();
            return new TorchScriptProgram(program, layout, weights.shape(), placement);
        } catch (RuntimeException e) {
            program.close();
            throw e;
        }
    }

    /** The program for one model, adapter and device, as PyTorch loads it. */
    static ScriptArchive archive(
            BaseWeights weights,
            LoraLayout layout,
            Placement placement,
            TrainingOptions training,
            AttentionKernel attention) {
        DecoderShape shape = weights.shape();
        DecoderVariant variant = shape.variant();
        Multipliers multipliers = variant.multipliers();
        ScriptArchive archive = new ScriptArchive()
                .source("", TorchScriptProgram.class, "program/decoder.py")
                .attribute("hidden", shape.hiddenSize())
                .attribute("inner", shape.intermediateSize())
                .attribute("layers", shape.layers())
                .attribute("heads", shape.attentionHeads())
                .attribute("kv_heads", shape.keyValueHeads())
                .attribute("size", shape.headSize())
                .attribute("vocabulary", shape.vocabularySize())
                .attribute("eps", shape.normEpsilon())
                .attribute("storage", weights.type().torchCode())
                .attribute("compute", placement.computeCode())
                .attribute("norm_offset", variant.normOffset())
                .attribute("centred", variant.norm() == Norm.RMS ? 0 : 1)
                .attribute("middle", shape.feedForwardWidth())
                .attribute("activation", activation(variant.activation()))
                .attribute("parallel", variant.normPlacement().isParallel() ? 1 : 0)
                .attribute("slope_scale", variant.positions() instanceof Positions.Alibi alibi ? alibi.scale() : 1.0)
                .attribute("slope_rounded", roundedSlopes(variant.positions()) ? 1 : 0)
                .attribute("rotary", shape.rotarySize())
                .attribute("rotary_factor", shape.rotaryFactor())
                .attribute("long_after", shape.longTextAfter().orElse(0))
                .attribute("context", variant.positions() instanceof Positions.Learned ? shape.contextLength() : 0)
                .attribute("logit_cap", variant.softCaps().logits())
                .attribute("attention_cap", variant.softCaps().attention())
                .attribute("tables", tables(shape))
                .attribute("embedding_scale", multipliers.embedding())
                .attribute("multiplier", multipliers.residual())
                .attribute("logit_scale", multipliers.logits())
                .attribute("attention_scale", shape.attentionScale())
                .attribute("windows", windows(shape))
                .attribute("vectors", BlockVectors.of(shape).elements())
                .attribute("parameters", layout.parameterCount())
                .attribute("vectors_at", vectorsAt(layout))
                .attribute("lowest", lowest(layout))
                .attribute("embedding_at", place(layout, Role.EMBEDDING))
                .attribute("head_at", place(layout, Role.HEAD))
                .attribute("head_rows", headRows(shape))
                .attribute("place", placement.place())
                .attribute("dropped", training.dropout())
                .attribute("segment", training.heldLayers(shape.layers()))
                .attribute("fused", attention == AttentionKernel.FUSED ? 1 : 0)
                .emptyList("state", "Tensor")
                .emptyList("words", "__torch__.nn.embedding.Embedding")
                .emptyList("magnitudes", "Tensor")
                .attribute("magnitude_at", List.of())
                .emptyList("dropout", "__torch__.nn.dropout.Dropout")
                .emptyList("last", "__torch__.nn.norm.Norm")
                .emptyList("blocks", "__torch__.nn.block.Block")
                .emptyList("trained", "__torch__.nn.block.Block")
                .emptyList("fine", "Tensor")
                .emptyList("own_positions", "Tensor")
                .emptyList("head", "__torch__.nn.head.Head")
                .emptyList("kept", "__torch__.nn.block.Saved")
                .emptyList("entries", "Tensor")
                .emptyList("shared", "__torch__.nn.block.Shared")
                .emptyList("cache", "Tensor");
        for (String operation : OPERATIONS) {
            archive.source("nn." + operation, TorchScriptProgram.class, "program/nn/" + operation + ".py");
        }
        return archive;
    }

    /** The first layer that anything trained lies in or below. */
    private static int lowest(LoraLayout layout) {
        return place(layout, Role.EMBEDDING) < 0 ? layout.branches().get(0).layer() : 0;
    }

    /** Where a module that is trained whole lies in the flat vector; -1 where it is the base's. */
    private static int place(LoraLayout layout, Role role) {
        IntStream saved = layout.saved().stream()
                .filter(entry -> entry.module().role() == role)
                .mapToInt(SavedEntry::offset);
        return IntStream.concat(saved, whole(layout, role)).findFirst().orElse(-1);
    }

    /** Where every weight is trained, a head that has none of its own is the embedding. */
    private static IntStream whole(LoraLayout layout, Role role) {
        List<String> names = role == Role.HEAD
                ? List.of("lm_head.weight", "model.embed_tokens.weight")
                : List.of("model.embed_tokens.weight");
        return names.stream().flatMapToInt(name -> layout.whole().stream()
                .filter(entry -> entry.weight().name().equals(name))
                .mapToInt(WholeEntry::offset));
    }

    /** Where the norms and biases begin, where every weight is trained; else the vector's end. */
    private static int vectorsAt(LoraLayout layout) {
        return layout.whole().stream()
                .filter(entry -> entry.weight().kind() == DecoderWeight.Kind.VECTOR)
                .mapToInt(WholeEntry::offset)
                .findFirst()
                .orElse(layout.parameterCount());
    }

    /** The kinds of {@code activation.py}. */
    private static int activation(Activation activation) {
        return switch (activation) {
            case SILU -> 0;
            case GELU_TANH -> 1;
            case GELU -> 2;
        };
    }

    private static List<Integer> windows(DecoderShape shape) {
        return IntStream.range(0, shape.layers())
                .mapToObj(shape.variant()::window)
                .toList();
    }

    /** The first rotary table is that of layers that see all, the second that of layers with a window and a theta. */
    private static List<Integer> tables(DecoderShape shape) {
        boolean second = shape.variant().windowRopeTheta().isPresent();
        return windows(shape).stream()
                .map(window -> second && window > 0 ? 1 : 0)
                .toList();
    }

    private static int headRows(DecoderShape shape) {
        return (int) Math.max(16, LOGITS_BYTES / (Float.BYTES * (long) shape.vocabularySize()));
    }

    private static boolean roundedSlopes(Positions positions) {
        return positions instanceof Positions.Alibi alibi && alibi.rounding() == Positions.Rounding.BF16;
    }

    /** The decoder's sizes. */
    public DecoderShape shape() {
        return shape;
    }

    @Override
    public Arithmetic arithmetic() {
        return placement.arithmetic();
    }

    @Override
    public int parameterCount() {
        return layout.parameterCount();
    }

    @Override
    public void load(float[] parameters) {
        requireLength("parameters", parameters.length);
        program.call("load", parameters);
    }

    private void requireLength(String what, int length) {
        if (length != parameterCount()) {
            throw new IllegalArgumentException(
                    "a vector of " + parameterCount() + " " + what + " is needed but " + length + " were given");
        }
    }

    @Override
    public double forwardBackward(MicroBatch batch, float[] gradient) {
        return forwardBackward(batch, false, 0, gradient);
    }

    @Override
    public double forwardBackward(MicroBatch batch, long draw, float[] gradient) {
        return forwardBackward(batch, true, draw, gradient);
    }

    private double forwardBackward(MicroBatch batch, boolean dropping, long draw, float[] gradient) {
        requireLength("gradient elements", gradient.length);
        ProgramInput input = ProgramInput.of(batch, shape);
        if (input.rows().length == 0) {
            Arrays.fill(gradient, 0);
            return 0;
        }
        try (IValue result = program.call(
                "gradient",
                input.idList(),
                input.documentList(),
                input.rowList(),
                input.targetList(),
                IValue.from(dropping),
                IValue.from(draw))) {
            IValue[] parts = result.toIValueTuple();
            try {
                program.copy(parts[1], gradient);
                return parts[0].toDouble();
            } finally {
                Stream.of(parts).forEach(IValue::close);
            }
        }
    }

    @Override
    public double lossSum(MicroBatch batch) {
        return lossSum(batch, Branches.ADAPTED);
    }

    /** The loss sum of the base model alone, in nats: every branch is left out. */
    public double baseLossSum(MicroBatch batch) {
        return lossSum(batch, Branches.BASE);
    }

    private double lossSum(MicroBatch batch, Branches branches) {
        ProgramInput input = ProgramInput.of(batch, shape);
        if (input.rows().length == 0) {
            return 0;
        }
        try (IValue result = program.call(
                "loss",
                input.idList(),
                input.documentList(),
                input.rowList(),
                input.targetList(),
                branches.argument())) {
            return result.toDouble();
        }
    }

    /**
     * Log-probabilities, in nats, of the supervised tokens in order.
     *
     * @return one value a supervised token
     */
    public float[] logProbabilities(MicroBatch batch, Branches branches) {
        ProgramInput input = ProgramInput.of(batch, shape);
        if (input.rows().length == 0) {
            return new float[0];
        }
        try (IValue result = program.call(
                "log_probabilities",
                input.idList(),
                input.documentList(),
                input.rowList(),
                input.targetList(),
                branches.argument())) {
            return program.floats(result);
        }
    }

    /**
     * The residual stream, for comparison with other implementations.
     *
     * @param depth 0 for the embeddings, 1 to layers for a block's output, layers + 1 for the final norm's output
     * @return row-major [B * S, hidden size]
     */
    float[] hiddenStates(MicroBatch batch, int depth, Branches branches) {
        ProgramInput input = ProgramInput.of(batch, shape);
        try (IValue result = program.call(
                "hidden_states", input.idList(), input.documentList(), IValue.from(depth), branches.argument())) {
            return program.floats(result);
        }
    }

    /**
     * Logits after some tokens, for comparison with other implementations.
     *
     * @param tokens indices into the micro-batch's B * S tokens
     * @return row-major [tokens, vocabulary size]
     */
    float[] logits(MicroBatch batch, int[] tokens, Branches branches) {
        ProgramInput input = ProgramInput.of(batch, shape);
        try (IValue result = program.call(
                "logits",
                input.idList(),
                input.documentList(),
                IValue.listFrom(Arrays.stream(tokens).asLongStream().toArray()),
                branches.argument())) {
            return program.floats(result);
        }
    }

    /**
     * Begins a text; the parameters are those last loaded, and loading others amid a text would mix adapters.
     *
     * @param capacity most tokens of the text, prompt included, at most the model's context
     */
    public Decoder decoder(int capacity, Branches branches) {
        if (decoder != null) {
            decoder.end();
        }
        decoder = new Decoder(program, shape, branches, capacity);
        return decoder;
    }

    /** Nanoseconds spent in native calls since the program was opened; for a benchmark. */
    long nanosInCalls() {
        return program.nanosInCalls();
    }

    /** Native arrays that wait to be freed; for a test of leaks. */
    int openResources() {
        return program.openResources();
    }

    @Override
    public void close() {
        program.close();
    }
}
