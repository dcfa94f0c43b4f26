package io.sparklora.training.model;

import io.sparklora.pipeline.adapter.LoraGroup;
import io.sparklora.pipeline.adapter.LoraTarget;
import io.sparklora.pipeline.basemodel.DecoderShape;
import io.sparklora.pipeline.basemodel.DecoderVariant.FeedForward;
import io.sparklora.pipeline.basemodel.DecoderVariant.Norm;
import io.sparklora.pipeline.basemodel.Positions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Where the linear weights of a decoder lie in one file; a function of shape and type alone.
 *
 * @param groups embedding, then q k v | o | gate up | down of each layer, then the head unless it is tied, then the
 *     positions where they are learned
 * @param offsets where embedding, layers' groups, head and positions start, the head of a tied model with the embedding
 * @param elements length of the file
 */
record WeightPlan(List<Group> groups, List<Long> offsets, long elements) {
    /** Groups start at multiples of this, for aligned vector loads from the mapping. */
    private static final int ALIGNMENT_BYTES = 64;

    /**
     * Tensors that lie side by side, so that one matrix product serves them.
     *
     * @param offset element at which the first starts
     * @param tensors names under which the base model has them
     */
    record Group(long offset, List<String> tensors) {
        /** Copies the names. */
        Group {
            tensors = List.copyOf(tensors);
        }
    }

    /** Copies the groups. */
    WeightPlan {
        groups = List.copyOf(groups);
        offsets = List.copyOf(offsets);
    }

    /** The tensors of one of a layer's groups. */
    List<String> tensors(int layer, LoraGroup group) {
        return groups.get(1 + layer * LoraGroup.values().length + group.ordinal())
                .tensors();
    }

    static WeightPlan of(DecoderShape shape, WeightType type) {
        Planner planner = new Planner(ALIGNMENT_BYTES / type.bytes());
        long vocabulary = (long) shape.vocabularySize() * shape.hiddenSize();
        planner.add(vocabulary, List.of("model.embed_tokens.weight"));
        for (int layer = 0; layer < shape.layers(); layer++) {
            planner.add(shape, layer, LoraTarget.Q_PROJ, LoraTarget.K_PROJ, LoraTarget.V_PROJ);
            planner.add(shape, layer, LoraTarget.O_PROJ);
            if (shape.variant().feedForward() == FeedForward.GATED) {
                planner.add(shape, layer, LoraTarget.GATE_PROJ, LoraTarget.UP_PROJ);
            } else {
                planner.add(shape, layer, LoraTarget.UP_PROJ);
            }
            planner.add(shape, layer, LoraTarget.DOWN_PROJ);
        }
        if (shape.tiedHead()) {
            planner.offsets.add(planner.offsets.get(0));
        } else {
            planner.add(vocabulary, List.of("lm_head.weight"));
        }
        if (shape.variant().positions() instanceof Positions.Learned) {
            planner.add((long) shape.contextLength() * shape.hiddenSize(), List.of("model.embed_positions.weight"));
        }
        return new WeightPlan(planner.groups, planner.offsets, planner.end);
    }

    /** Names of the norms' weights and the biases: each layer's, then the final norm. */
    static List<String> vectors(DecoderShape shape) {
        List<String> vectors = new ArrayList<>();
        for (int layer = 0; layer < shape.layers(); layer++) {
            String block = "model.layers." + layer + ".";
            BlockVectors.of(shape).names().forEach(name -> vectors.add(block + name));
        }
        vectors.add("model.norm.weight");
        if (shape.variant().norm() == Norm.LAYER) {
            vectors.add("model.norm.bias");
        }
        return vectors;
    }

    private static final class Planner {
        private final List<Group> groups = new ArrayList<>();
        private final List<Long> offsets = new ArrayList<>();
        private final int alignment;
        private long end;

        Planner(int alignment) {
            this.alignment = alignment;
        }

        void add(DecoderShape shape, int layer, LoraTarget... members) {
            long elements = Stream.of(members)
                    .mapToLong(member -> (long) member.inputSize(shape) * member.outputSize(shape))
                    .sum();
            add(
                    elements,
                    Stream.of(members)
                            .map(member -> member.modulePath(layer) + ".weight")
                            .toList());
        }

        void add(long elements, List<String> tensors) {
            long offset = (end + alignment - 1) / alignment * alignment;
            groups.add(new Group(offset, tensors));
            offsets.add(offset);
            end = offset + elements;
        }
    }
}
