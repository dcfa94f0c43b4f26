package io.sparklora.training.data;

import java.util.List;

/**
 * Decoded sequences of one Parquet row group.
 *
 * @param first id of its first sequence
 * @param inputIds ids, row-major [sequences, length]
 * @param labels as many
 * @param documentLengths of each sequence
 */
record RowGroup(long first, int[] inputIds, int[] labels, List<int[]> documentLengths) {
    boolean holds(long sequence) {
        return sequence >= first && sequence - first < documentLengths.size();
    }
}
