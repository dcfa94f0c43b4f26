package io.sparklora.pipeline.basemodel;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The weights of an opened model by name, in the model's order. */
final class WeightTable {
    private final Map<String, StoredRows> rows = new LinkedHashMap<>();

    WeightTable(Collection<StoredRows> weights) {
        weights.forEach(weight -> rows.put(weight.tensor().name(), weight));
    }

    List<BaseTensor> tensors() {
        return rows.values().stream().map(StoredRows::tensor).toList();
    }

    /** A weight; throws if there is none of that name. */
    StoredRows weight(String name) {
        @Nullable StoredRows weight = rows.get(name);
        if (weight == null) {
            throw new IllegalArgumentException("the model has no tensor " + name);
        }
        return weight;
    }
}
