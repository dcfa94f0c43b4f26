package io.sparklora.training.model;

import ai.djl.pytorch.jni.IValue;
import io.sparklora.pipeline.adapter.LoraBranch;
import io.sparklora.pipeline.basemodel.DecoderShape;
import io.sparklora.pipeline.basemodel.Positions;
import io.sparklora.pipeline.config.LoraConfig.Kind;
import io.sparklora.training.lora.LoraLayout;
import io.sparklora.training.lora.WholeEntry;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
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
 * @param places where every weight is trained, the places in the flat vector of what {@code offsets} lists; else none
 * @param vectorPlaces likewise of each layer's vectors in the order of {@link BlockVectors}, then of the final norm's weight
 *     and bias; 0 for one that the family lacks
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
        double[] slopes,
        long[] places,
        long[] vectorPlaces) {
    static OpenArguments of(BaseWeights weights, LoraLayout layout) {
        return new OpenArguments(
                weights.linearFile().toString(),
                weights.plan().elements(),
                weights.plan().offsets().stream().mapToLong(Long::longValue).toArray(),
                weights.normFile().toString(),
                frequencies(weights.shape()),
                branchTable(layout),
                layout.branches().stream().mapToDouble(LoraBranch::scale).toArray(),
                slopes(weights.shape()),
                places(weights.plan(), offsets(layout)),
                vectorPlaces(weights.shape(), offsets(layout)));
    }

    private static Map<String, Integer> offsets(LoraLayout layout) {
        return layout.whole().stream()
                .collect(Collectors.toMap(entry -> entry.weight().name(), WholeEntry::offset));
    }

    /** A group's tensors lie side by side in the vector, too, and a tied head is where the embedding is. */
    private static long[] places(WeightPlan plan, Map<String, Integer> offsets) {
        if (offsets.isEmpty()) {
            return new long[0];
        }
        Map<Long, Integer> byStart = plan.groups().stream()
                .collect(Collectors.toMap(
                        WeightPlan.Group::offset,
                        group -> offsets.getOrDefault(group.tensors().get(0), 0)));
        return plan.offsets().stream()
                .mapToLong(start -> byStart.getOrDefault(start, 0))
                .toArray();
    }

    private static long[] vectorPlaces(DecoderShape shape, Map<String, Integer> offsets) {
        if (offsets.isEmpty()) {
            return new long[0];
        }
        List<BlockVectors.Place> places = BlockVectors.of(shape).places();
        LongStream ofLayers = IntStream.range(0, shape.layers()).boxed().flatMapToLong(layer -> places.stream()
                .mapToLong(place -> place.names().stream()
                        .findFirst()
                        .map(name -> offsets.getOrDefault("model.layers." + layer + "." + name, 0))
                        .orElse(0)));
        LongStream ofFinalNorm =
                Stream.of("model.norm.weight", "model.norm.bias").mapToLong(name -> offsets.getOrDefault(name, 0));
        return LongStream.concat(ofLayers, ofFinalNorm).toArray();
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
            IValue.listFrom(slopes),
            IValue.listFrom(places),
            IValue.listFrom(vectorPlaces)
        };
    }
}
