package io.sparklora.pipeline.basemodel;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Matches a GGUF file's tensors to the weights that a shape calls for: none missing, none left over. */
final class GgufWeights {
    /** Tensors without a weight: the frequencies are part of the shape, the other is a cache that llama.cpp skips too. */
    private static final Set<String> NOT_WEIGHTS = Set.of("rope_freqs.weight");

    private static final String ROTARY_CACHE = ".attn_rot_embd";

    private GgufWeights() {}

    /** The weights in the model's order. */
    static WeightTable of(GgufFile file, DecoderShape shape) {
        List<StoredRows> weights = new ArrayList<>();
        Set<String> known = new HashSet<>(NOT_WEIGHTS);
        for (DecoderTensors.Expected expected : DecoderTensors.of(shape)) {
            weights.add(weight(file, shape, expected));
            known.add(expected.ggufName());
        }
        for (GgufTensor tensor : file.tensors()) {
            if (!known.contains(tensor.name()) && !tensor.name().contains(ROTARY_CACHE)) {
                throw new InvalidBaseModelException(file.name() + ": tensor " + tensor.name()
                        + " has no place in the Llama family as computed here; such a model is not read");
            }
        }
        return new WeightTable(weights);
    }

    private static StoredRows weight(GgufFile file, DecoderShape shape, DecoderTensors.Expected expected) {
        Optional<GgufTensor> found = file.tensor(expected.ggufName());
        GgufTensor tensor = found.orElseThrow(
                () -> new InvalidBaseModelException(file.name() + ": tensor " + expected.ggufName() + " is missing"));
        List<Long> dimensions = expected.isVector()
                ? List.of((long) expected.columns())
                : List.of((long) expected.columns(), (long) expected.rows());
        if (!tensor.dimensions().equals(dimensions)) {
            throw new InvalidBaseModelException(file.name() + ": tensor " + tensor.name() + " is of dimensions "
                    + tensor.dimensions() + " but must be of " + dimensions);
        }
        BaseTensor described = new BaseTensor(expected.name(), expected.rows(), expected.columns(), tensor.type());
        return new StoredRows(described, file.source(), tensor.position(), rowOrder(shape, expected.kind()));
    }

    private static RowOrder rowOrder(DecoderShape shape, DecoderTensors.Kind kind) {
        return switch (kind) {
            case QUERY, KEY -> new RowOrder.Interleaved(shape.headSize());
            case MATRIX, VECTOR -> RowOrder.AS_STORED;
        };
    }
}
