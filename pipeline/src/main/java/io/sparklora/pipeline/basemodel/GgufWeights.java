package io.sparklora.pipeline.basemodel;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Matches a GGUF file's tensors to the weights that a shape calls for: none missing, none left over. */
final class GgufWeights {
    /** A cache that llama.cpp skips, too. */
    private static final String ROTARY_CACHE = ".attn_rot_embd";

    private GgufWeights() {}

    /** The weights in the model's order. */
    static WeightTable of(GgufFile file, DecoderShape shape) {
        GgufArchitecture architecture = GgufArchitecture.of(file.metadata());
        FamilyNames names = architecture.names(shape.variant().normPlacement());
        List<StoredRows> weights = new ArrayList<>();
        Set<String> known = new HashSet<>(architecture.frequencyTensors());
        for (DecoderTensors.Expected expected : DecoderTensors.of(shape)) {
            FamilyNames.Stored stored = names.stored(expected, shape);
            weights.add(weight(file, expected, stored, rowOrder(architecture, shape, expected.kind(), stored)));
            known.add(stored.name());
        }
        for (GgufTensor tensor : file.tensors()) {
            if (!known.contains(tensor.name()) && !tensor.name().contains(ROTARY_CACHE)) {
                throw new InvalidBaseModelException(file.name() + ": tensor " + tensor.name()
                        + " has no place in family " + shape.architecture()
                        + " as computed here; such a model is not read");
            }
        }
        return new WeightTable(weights);
    }

    private static StoredRows weight(
            GgufFile file, DecoderTensors.Expected expected, FamilyNames.Stored stored, RowOrder order) {
        Optional<GgufTensor> found = file.tensor(stored.name());
        GgufTensor tensor = found.orElseThrow(
                () -> new InvalidBaseModelException(file.name() + ": tensor " + stored.name() + " is missing"));
        List<Long> dimensions = new ArrayList<>(stored.shape());
        Collections.reverse(dimensions);
        if (!tensor.dimensions().equals(dimensions)) {
            throw new InvalidBaseModelException(file.name() + ": tensor " + tensor.name() + " is of dimensions "
                    + tensor.dimensions() + " but must be of " + dimensions);
        }
        BaseTensor described = new BaseTensor(expected.name(), expected.rows(), expected.columns(), tensor.type());
        return new StoredRows(described, file.source(), tensor.position(), order);
    }

    private static RowOrder rowOrder(
            GgufArchitecture architecture, DecoderShape shape, DecoderTensors.Kind kind, FamilyNames.Stored stored) {
        return switch (kind) {
            case QUERY, KEY -> architecture.interleaves() ? new RowOrder.Interleaved(shape.headSize()) : stored.order();
            case MATRIX, VECTOR -> stored.order();
        };
    }
}
