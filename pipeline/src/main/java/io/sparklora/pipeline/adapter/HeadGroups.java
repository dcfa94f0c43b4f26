package io.sparklora.pipeline.adapter;

import java.io.Serializable;

/**
 * The order in which a layer that fuses queries, keys and values has its output features: for each key-value head its
 * queries, its key and its value. The program has all queries, then all keys, then all values.
 *
 * @param keyValueHeads number of key-value heads; 0 where the layer is in the program's order
 * @param queries query heads for each of them
 * @param headSize width of a head
 */
public record HeadGroups(int keyValueHeads, int queries, int headSize) implements Serializable {
    /** The program's order. */
    public static final HeadGroups NONE = new HeadGroups(0, 0, 0);

    /** Whether rows are in another order than the program's. */
    public boolean reorder() {
        return keyValueHeads > 0;
    }

    /** Where the layer has the program's row. */
    public int rowInLayer(int row) {
        if (!reorder()) {
            return row;
        }
        int width = queries * headSize;
        int allQueries = keyValueHeads * width;
        int allKeys = keyValueHeads * headSize;
        if (row < allQueries) {
            return row / width * group() + row % width;
        }
        int below = row - allQueries;
        int first = below < allKeys ? width : width + headSize;
        int own = below % allKeys;
        return own / headSize * group() + first + own % headSize;
    }

    private int group() {
        return (queries + 2) * headSize;
    }
}
