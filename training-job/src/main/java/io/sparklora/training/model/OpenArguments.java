package io.sparklora.training.model;

import ai.djl.pytorch.jni.IValue;
import io.sparklora.pipeline.adapter.LoraBranch;
import io.sparklora.pipeline.basemodel.DecoderShape;
import io.sparklora.pipeline.basemodel.Positions;
import io.sparklora.pipeline.config.LoraConfig.Kind;
import io.sparklora.training.lora.LoraLayout;
import java.util.Optional;
import java.util.stream.DoubleStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * What the program's {@code open} is called with, in its order.
 *
 * @param weights file of the linear weights
 * @param elements its length in numbers
 * @param offsets where its groups start
 * @param small file of norms and biases
 * @param frequencies rotary frequencies, a table after the other
 * @param branches six numbers a branch: layer, group, first output in the group, outputs, rank, and 1 for DoRA
 * @param scales what each branch is multiplied with
 * @param slopes of the query heads' linear biases, or none
 */
@SuppressWarnings("ArrayRecordComponent") // built for one call, never compared
record OpenArguments(
        String weights,
        long elements,
        long[] offsets,
        String small,
        double[] frequencies,
        long[] branches,
        double[] scales,
        double[] slopes) {
    static OpenArguments of(BaseWeights weights, LoraLayout layout) {
        return new OpenArguments(
                weights.linearFile().toString(),
                weights.plan().elements(),
                weights.plan().offsets().stream().mapToLong(Long::longValue).toArray(),
                weights.normFile().toString(),
                frequencies(weights.shape()),
                branchTable(layout),
                layout.branches().stream().mapToDouble(LoraBranch::scale).toArray(),
                slopes(weights.shape()));
    }

    private static double[] frequencies(DecoderShape shape) {
        return Stream.of(
                        Optional.of(shape.inverseFrequencies()),
                        shape.windowInverseFrequencies(),
                        shape.longInverseFrequencies())
                .flatMap(Optional::stream)
                .flatMapToDouble(DoubleStream::of)
                .map(frequency -> (float) frequency)
                .toArray();
    }

    private static long[] branchTable(LoraLayout layout) {
        return layout.branches().stream()
                .flatMapToLong(branch -> LongStream.of(
                        branch.layer(),
                        branch.module().group().ordinal(),
                        branch.module().firstRow(),
                        branch.module().rows(),
                        branch.rank(),
                        branch.kind() == Kind.DORA ? 1 : 0))
                .toArray();
    }

    private static double[] slopes(DecoderShape shape) {
        return shape.variant().positions() instanceof Positions.Alibi alibi
                ? alibi.slopes().stream().mapToDouble(Double::doubleValue).toArray()
                : new double[0];
    }

    /** The arguments as the program takes them; the caller closes them. */
    IValue[] values() {
        return new IValue[] {
            IValue.from(weights),
            IValue.from(elements),
            IValue.listFrom(offsets),
            IValue.from(small),
            IValue.listFrom(frequencies),
            IValue.listFrom(branches),
            IValue.listFrom(scales),
            IValue.listFrom(slopes)
        };
    }
}
