package io.sparklora.pipeline.command;

import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.pipeline.basemodel.BaseTensor;
import io.sparklora.pipeline.basemodel.DecoderShape;
import io.sparklora.pipeline.config.BaseConfig;
import io.sparklora.pipeline.config.RunConfig;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What a run will hold in memory besides the JVMs' heaps, as far as it follows from the model's shape. Activations, which
 * grow with {@code train.batch.micro} and the sequence's length, come on top.
 *
 * @param baseBytes the frozen weights, mapped once a host
 * @param parameters numbers of the adapter
 * @param adapterBytes a rank's weights, gradients and both moments, all fp32
 */
record MemoryEstimate(long baseBytes, long parameters, long adapterBytes) {
    private static final int COPIES = 4;
    private static final double MEBIBYTE = 1 << 20;

    static MemoryEstimate of(RunConfig config, BaseModel base) {
        long weights =
                base.tensors().stream().mapToLong(MemoryEstimate::elements).sum();
        long bytes = config.base().dtype() == BaseConfig.Dtype.BF16 ? 2 : Float.BYTES;
        long parameters = parameters(config, base.shape());
        return new MemoryEstimate(weights * bytes, parameters, parameters * COPIES * Float.BYTES);
    }

    private static long elements(BaseTensor tensor) {
        return Math.multiplyExact(tensor.rows(), tensor.columns());
    }

    /** r (in + out) for each targeted layer of each block (Hu et al. 2021, section 4.1). */
    private static long parameters(RunConfig config, DecoderShape shape) {
        long hidden = shape.hiddenSize();
        long feedForward = hidden + shape.intermediateSize();
        Map<String, Long> inAndOut = Map.of(
                "q_proj", hidden + shape.queryWidth(),
                "k_proj", hidden + shape.keyValueWidth(),
                "v_proj", hidden + shape.keyValueWidth(),
                "o_proj", shape.queryWidth() + hidden,
                "gate_proj", feedForward,
                "up_proj", feedForward,
                "down_proj", feedForward);
        List<String> targets = config.lora().targets();
        long widths = inAndOut.entrySet().stream()
                .filter(layer -> targets.contains("all-linear") || targets.contains(layer.getKey()))
                .mapToLong(Map.Entry::getValue)
                .sum();
        return config.lora().rank() * widths * shape.layers();
    }

    /** In one line. */
    String text() {
        return String.format(
                Locale.ROOT,
                "base %,.0f MiB, mapped once a host; adapter %,d parameters, %,.0f MiB a rank; heaps and activations on top",
                baseBytes / MEBIBYTE,
                parameters,
                adapterBytes / MEBIBYTE);
    }
}
