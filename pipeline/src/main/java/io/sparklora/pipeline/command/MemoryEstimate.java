package io.sparklora.pipeline.command;

import io.sparklora.pipeline.adapter.AdapterShape;
import io.sparklora.pipeline.adapter.LoraBranch;
import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.pipeline.basemodel.BaseTensor;
import io.sparklora.pipeline.basemodel.DecoderShape;
import io.sparklora.pipeline.config.BaseConfig;
import io.sparklora.pipeline.config.LoraConfig;
import io.sparklora.pipeline.config.RunConfig;
import java.util.List;
import java.util.Locale;

/**
 * What a rank holds in memory while it trains, from the model's shape and the configuration. The sizes are those of the
 * buffers that the training job's program reserves ({@code program/nn/block.py}, {@code head.py}, {@code decoder.py}), at
 * four bytes an activation: bf16 products, where the hardware has them, need less.
 *
 * @param baseBytes the frozen weights, mapped once a host and shared by its ranks
 * @param parameters numbers of the adapter
 * @param activationBytes what the backward pass wants kept of every layer, for one micro-batch
 * @param workspaceBytes what layers share: gradients, rotary tables, a widened weight, some rows of logits, the adapter
 * @param runtimeBytes the JVM outside its heap, libtorch and its allocator
 */
record MemoryEstimate(long baseBytes, long parameters, long activationBytes, long workspaceBytes, long runtimeBytes) {
    /** Read off an executor that trained the smallest model. */
    private static final long RUNTIME_BYTES = 400L << 20;

    private static final long LOGITS_BYTES = 50L << 20;
    private static final int FEWEST_LOGIT_ROWS = 16;
    private static final double MEBIBYTE = 1 << 20;

    static MemoryEstimate of(RunConfig config, BaseModel base) {
        DecoderShape shape = base.shape();
        boolean bf16 = config.base().dtype() == BaseConfig.Dtype.BF16;
        long weights =
                base.tensors().stream().mapToLong(MemoryEstimate::elements).sum();
        List<LoraBranch> branches = AdapterShape.planned(config.lora(), shape);
        long parameters = branches.stream().mapToLong(LoraBranch::parameters).sum();
        long tokens = (long) config.train().batch().micro()
                * config.prepare().sequence().length();
        return new MemoryEstimate(
                weights * (bf16 ? 2 : Float.BYTES),
                parameters,
                tokens
                        * Float.BYTES
                        * keptOfAToken(shape, branches, config.train().batch().activationCheckpointing()),
                workspace(shape, tokens, parameters, bf16) + tokens * Float.BYTES * variants(config.lora(), shape),
                RUNTIME_BYTES);
    }

    private static long elements(BaseTensor tensor) {
        return Math.multiplyExact(tensor.rows(), tensor.columns());
    }

    /**
     * Numbers that one token leaves behind for the backward pass.
     *
     * @param heldLayers layers whose activations are held at a time; 0 for all
     */
    private static long keptOfAToken(DecoderShape shape, List<LoraBranch> branches, int heldLayers) {
        long hidden = shape.hiddenSize();
        long attention = 2L * shape.queryWidth() + 2L * shape.keyValueWidth();
        long statistics = shape.attentionHeads() + 2L;
        long ofALayer = 2 * hidden + attention + shape.feedForwardWidth() + statistics;
        long narrow = branches.stream().mapToLong(LoraBranch::rank).sum();
        int layers = shape.layers();
        long held = heldLayers == 0 ? layers : Math.min(heldLayers, layers);
        long segments = held == layers ? 0 : (layers + held - 1) / held;
        return held * ofALayer + narrow * held / layers + (segments + 2) * hidden;
    }

    /** Numbers a token that dropout and DoRA want beside: a mask with a copy of what it is for, and outputs once more. */
    private static long variants(LoraConfig lora, DecoderShape shape) {
        long widest = Math.max(shape.queryWidth() + 2L * shape.keyValueWidth(), 2L * shape.intermediateSize());
        long input = Math.max(Math.max(shape.hiddenSize(), shape.queryWidth()), shape.intermediateSize());
        return (lora.kind() == LoraConfig.Kind.DORA ? 3 * widest : 0) + (lora.dropout() > 0 ? 3 * input : 0);
    }

    private static long workspace(DecoderShape shape, long tokens, long parameters, boolean widened) {
        long hidden = shape.hiddenSize();
        long inner = shape.intermediateSize();
        long turned = (long) shape.queryWidth() + shape.keyValueWidth();
        long residual = 10 * hidden;
        long attention = 3 * turned + turned + shape.keyValueWidth() + 4L * shape.queryWidth();
        long feedForward = inner + shape.feedForwardWidth() + Math.max(inner, Math.max(hidden, shape.queryWidth()));
        long logits = Math.max(LOGITS_BYTES, (long) FEWEST_LOGIT_ROWS * Float.BYTES * shape.vocabularySize());
        long largest = hidden * Math.max(turned + shape.keyValueWidth(), shape.feedForwardWidth());
        long weight = widened ? largest * Float.BYTES : 0;
        return tokens * Float.BYTES * (residual + attention + feedForward)
                + logits
                + weight
                + 2 * parameters * Float.BYTES;
    }

    /** What lies outside the executor's heap: {@code spark.executor.memoryOverhead} must hold it. */
    long nativeBytes() {
        return baseBytes + activationBytes + workspaceBytes + runtimeBytes;
    }

    /** The setting for cluster managers, in MiB, with a tenth to spare. */
    long overheadMebibytes() {
        return (long) Math.ceil(nativeBytes() * 1.1 / MEBIBYTE);
    }

    /** In one line. */
    String text() {
        return String.format(
                Locale.ROOT,
                "a rank needs %,.0f MiB besides its heap: base %,.0f (mapped once a host), activations %,.0f, buffers %,.0f,"
                        + " runtime %,.0f; the adapter has %,d parameters",
                nativeBytes() / MEBIBYTE,
                baseBytes / MEBIBYTE,
                activationBytes / MEBIBYTE,
                workspaceBytes / MEBIBYTE,
                runtimeBytes / MEBIBYTE,
                parameters);
    }
}
