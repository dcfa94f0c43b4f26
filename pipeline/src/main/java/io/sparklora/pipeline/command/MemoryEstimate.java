package io.sparklora.pipeline.command;

import io.sparklora.pipeline.adapter.AdapterShape;
import io.sparklora.pipeline.adapter.ComputeType;
import io.sparklora.pipeline.adapter.FullFinetuning;
import io.sparklora.pipeline.adapter.LoraBranch;
import io.sparklora.pipeline.adapter.SavedModule;
import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.pipeline.basemodel.BaseTensor;
import io.sparklora.pipeline.basemodel.DecoderShape;
import io.sparklora.pipeline.basemodel.DecoderWeight;
import io.sparklora.pipeline.config.BaseConfig;
import io.sparklora.pipeline.config.BaseConfig.Device;
import io.sparklora.pipeline.config.BaseConfig.Dtype;
import io.sparklora.pipeline.config.LoraConfig;
import io.sparklora.pipeline.config.RunConfig;
import io.sparklora.pipeline.config.TrainConfig;
import java.util.List;
import java.util.Locale;

/**
 * The most memory that a rank holds while it trains, from the model's shape and the configuration. Nothing is fitted but
 * the last term: the sizes are those of the buffers that the training job reserves (its {@code program/decoder.py},
 * {@code nn/block.py}, {@code nn/head.py}), in the type of its products.
 *
 * @param baseBytes the frozen weights, mapped once a host and shared by its ranks
 * @param parameters numbers that are trained
 * @param adapterBytes those numbers in the type of the products, their gradient in fp32, and the copy on the way from the heap
 * @param ringBytes sums that wait to be passed on, where the next rank does not read: once the array at most
 * @param activationBytes what the backward pass wants kept of every layer, for one micro-batch
 * @param workspaceBytes what layers share: gradients, rotary tables, one document's attention, a widened weight, some rows
 *     of logits
 * @param runtimeBytes the JVM outside its heap and libtorch: code, threads, allocators
 * @param heapBytes vectors of the trained numbers on an executor's heap
 * @param driverHeapBytes those on the driver's
 */
record MemoryEstimate(
        long baseBytes,
        long parameters,
        long adapterBytes,
        long ringBytes,
        long activationBytes,
        long workspaceBytes,
        long runtimeBytes,
        long heapBytes,
        long driverHeapBytes) {
    /** Read off an executor that trained the smallest model: 205 MiB of a bare JVM with libtorch, and Spark's classes. */
    private static final long RUNTIME_BYTES = 400L << 20;

    /** What Spark and the stage take of the heap themselves. */
    private static final long HEAP_BYTES = 300L << 20;

    /**
     * Parameters, gradient, sum of 64 bits, two moments, the milestone's three vectors, the best adapter; and while a
     * checkpoint is written, its copy of three vectors and the milestone that a new one has replaced meanwhile.
     */
    private static final int HEAP_BYTES_A_PARAMETER = 64;

    /** The last checkpoint as it is read, and the adapter that is published. */
    private static final int DRIVER_BYTES_A_PARAMETER = 40;

    private static final long LOGITS_BYTES = 50L << 20;
    private static final int FEWEST_LOGIT_ROWS = 16;
    /** Scores of a block of queries where attention is not fused, with their gradients and masks. */
    private static final long SCORES_BYTES = 4L * Float.BYTES * (1 << 22);

    private static final double MEBIBYTE = 1 << 20;

    /**
     * What one micro-batch is.
     *
     * @param rows sequences, at least 1
     * @param length tokens of a sequence
     * @param heldLayers layers whose activations are held at a time; 0 for all
     */
    record Load(int rows, int length, int heldLayers) {
        static Load of(RunConfig config) {
            TrainConfig.Batch batch = config.train().batch();
            return new Load(batch.micro(), config.prepare().sequence().length(), batch.activationCheckpointing());
        }

        long tokens() {
            return (long) rows * length;
        }
    }

    static MemoryEstimate of(RunConfig config, BaseModel base) {
        return of(config, base, Load.of(config));
    }

    /** The same with another micro-batch than the configuration's. */
    static MemoryEstimate of(RunConfig config, BaseModel base, Load load) {
        return new Buffers(config, base, load).estimate(base);
    }

    /**
     * The type of the executors' products: what the configuration says; where it leaves it to them, the weights' on GPUs and
     * fp32, the larger one, on processors, unless they are on this machine.
     */
    static ComputeType compute(RunConfig config) {
        BaseConfig base = config.base();
        boolean onGpus =
                base.device() != Device.CPU && !config.spark().executorGpus().equals("0");
        boolean here = config.spark().master().startsWith("local");
        return ComputeType.named(base.compute())
                .orElseGet(() -> onGpus
                        ? ComputeType.ofGpu(base.dtype())
                        : here ? ComputeType.ofProcessor(base.dtype()) : ComputeType.FP32);
    }

    /** The buffers' sizes, one method a file of the program. */
    private static final class Buffers {
        private final RunConfig config;
        private final DecoderShape shape;
        private final Load load;
        private final List<LoraBranch> branches;
        /** Every weight, where every weight is trained. */
        private final List<DecoderWeight> whole;

        private final long tokens;
        private final long hidden;
        private final long queries;
        private final long pairs;
        /** Bytes of a number of the products' type. */
        private final long narrow;

        Buffers(RunConfig config, BaseModel base, Load load) {
            this.config = config;
            this.shape = base.shape();
            this.load = load;
            boolean full = config.train().finetuningType() == TrainConfig.FinetuningType.FULL;
            this.branches = full ? List.of() : AdapterShape.planned(config.lora(), shape);
            this.whole = full ? FullFinetuning.planned(base) : List.of();
            this.tokens = load.tokens();
            this.hidden = shape.hiddenSize();
            this.queries = shape.queryWidth();
            this.pairs = shape.keyValueWidth();
            this.narrow = compute(config) == ComputeType.BF16 ? Short.BYTES : Float.BYTES;
        }

        MemoryEstimate estimate(BaseModel base) {
            long weights = base.tensors().stream().mapToLong(Buffers::elements).sum();
            long parameters =
                    branches.stream().mapToLong(LoraBranch::parameters).sum()
                            + SavedModule.named(config.lora().modulesToSave(), shape).stream()
                                    .mapToLong(SavedModule::parameters)
                                    .sum()
                            + FullFinetuning.parameters(whole);
            return new MemoryEstimate(
                    weights * (config.base().dtype() == Dtype.BF16 ? Short.BYTES : Float.BYTES),
                    parameters,
                    parameters * (narrow + 2L * Float.BYTES),
                    config.train().executors() > 1 ? parameters * Long.BYTES : 0,
                    tokens * kept(),
                    tokens * (shared() + step() + variants())
                            + load.length() * attention()
                            + scores()
                            + head()
                            + embedding()
                            + widened(),
                    RUNTIME_BYTES,
                    HEAP_BYTES + parameters * (HEAP_BYTES_A_PARAMETER + Float.BYTES * microBatchesOfARank()),
                    HEAP_BYTES + parameters * DRIVER_BYTES_A_PARAMETER);
        }

        private static long elements(BaseTensor tensor) {
            return Math.multiplyExact(tensor.rows(), tensor.columns());
        }

        /** Gradients of a rank's micro-batches wait for the scale of their sum. */
        private long microBatchesOfARank() {
            TrainConfig train = config.train();
            long all = train.batch().sequences() / train.batch().micro();
            return (all + train.executors() - 1) / train.executors();
        }

        private boolean normsHeads() {
            return shape.queryNormWidth() > 0;
        }

        private boolean addsAsItIs() {
            return shape.variant().normPlacement().afterAttention().isEmpty()
                    && shape.variant().multipliers().residual() == 1;
        }

        /** Bytes of a token in {@code Saved} and {@code entries}. */
        private long kept() {
            long normed = normsHeads() ? queries + pairs : 0;
            long parts = addsAsItIs() ? 0 : 2 * hidden;
            long heads = shape.attentionHeads();
            long wide = 4 + heads + (normsHeads() ? heads + shape.keyValueHeads() : 0);
            long ofALayer = narrow * (2 * hidden + 2 * queries + 2 * pairs + shape.feedForwardWidth() + normed + parts)
                    + Float.BYTES * wide;
            long ranks = branches.stream().mapToLong(LoraBranch::rank).sum();
            int layers = shape.layers();
            long held = load.heldLayers() == 0 ? layers : Math.min(load.heldLayers(), layers);
            long segments = held == layers ? 0 : (layers + held - 1) / held;
            return held * ofALayer + narrow * (ranks * held / layers + (segments + 2) * hidden);
        }

        /** Bytes of a token in {@code Shared}. */
        private long shared() {
            long inner = shape.intermediateSize();
            long turned = shape.rotarySize() > 0 ? queries + pairs : 0;
            long tables = shape.windowInverseFrequencies().isPresent() ? 2 : 1;
            long widest = Math.max(inner, Math.max(hidden, queries));
            return narrow
                            * (2 * hidden
                                    + inner
                                    + queries
                                    + 2 * pairs
                                    + shape.feedForwardWidth()
                                    + widest
                                    + turned * (1 + 2 * tables))
                    + Float.BYTES * (3 * hidden + (normsHeads() ? 2 * (queries + pairs) : 0));
        }

        /** Bytes of a token in {@code gradient}: two residual gradients; what the head reads, its norm, their gradient. */
        private long step() {
            return 2 * hidden * Float.BYTES + 3 * hidden * narrow;
        }

        /** Bytes of a token of one document: attention's output or the gradients of queries and, a query head each, of keys and values. */
        private long attention() {
            return 4 * queries * narrow;
        }

        private long scores() {
            boolean fused = shape.variant().softCaps().attention() == 0
                    && shape.variant().windows().isEmpty();
            return fused ? 0 : SCORES_BYTES;
        }

        /** Bytes of a token that dropout and DoRA want beside: a mask with a copy of what it is for, and outputs once more. */
        private long variants() {
            long widest = Math.max(queries + 2 * pairs, 2L * shape.intermediateSize());
            long input = Math.max(Math.max(hidden, queries), shape.intermediateSize());
            return Float.BYTES
                    * ((config.lora().kind() == LoraConfig.Kind.DORA ? 3 * widest : 0)
                            + (config.lora().dropout() > 0 ? 3 * input : 0));
        }

        private long head() {
            long vocabulary = shape.vocabularySize();
            long rows = Math.max(FEWEST_LOGIT_ROWS, LOGITS_BYTES / (Float.BYTES * vocabulary));
            long ofProducts = narrow < Float.BYTES ? 1 : 0;
            long wide = ofProducts + (shape.variant().softCaps().logits() > 0 ? 1 : 0);
            return Math.min(rows, tokens) * vocabulary * (narrow + Float.BYTES * wide);
        }

        /**
         * The gradient of an embedding that is trained whole, before it lies in the adapter's; where every weight is, that of
         * the largest one alone.
         */
        private long embedding() {
            if (!whole.isEmpty()) {
                return Float.BYTES
                        * whole.stream()
                                .mapToLong(DecoderWeight::elements)
                                .max()
                                .orElseThrow();
            }
            return SavedModule.named(config.lora().modulesToSave(), shape).stream()
                    .filter(module -> module.role() == SavedModule.Role.EMBEDDING)
                    .mapToLong(module -> Float.BYTES * module.parameters())
                    .sum();
        }

        /** The largest weight of a layer, where it is stored in another type than it is multiplied in. */
        private long widened() {
            boolean same = (config.base().dtype() == Dtype.BF16) == (narrow == Short.BYTES);
            return same ? 0 : narrow * hidden * Math.max(queries + 2 * pairs, shape.feedForwardWidth());
        }
    }

    /** What lies outside the executor's heap: {@code spark.executor.memoryOverhead} must hold it. */
    long nativeBytes() {
        return baseBytes + ownBytes();
    }

    /** What each rank of a host has of its own outside its heap. */
    long ownBytes() {
        return adapterBytes + ringBytes + activationBytes + workspaceBytes + runtimeBytes;
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
                        + " trained numbers %,.0f, sums under way %,.0f, runtime %,.0f; the adapter has %,d parameters,"
                        + " for which the heap needs %,.0f MiB",
                nativeBytes() / MEBIBYTE,
                baseBytes / MEBIBYTE,
                activationBytes / MEBIBYTE,
                workspaceBytes / MEBIBYTE,
                adapterBytes / MEBIBYTE,
                ringBytes / MEBIBYTE,
                runtimeBytes / MEBIBYTE,
                parameters,
                heapBytes / MEBIBYTE);
    }
}
