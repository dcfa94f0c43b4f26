package io.sparklora.pipeline.basemodel;

/**
 * How a file keeps a weight's rows, which are counted in Hugging Face's order of queries, keys, values, gate and up as
 * layers of their own.
 */
sealed interface RowOrder {
    /** Row after row, nothing between. */
    RowOrder AS_STORED = new Runs(0, Long.MAX_VALUE, 0);

    /**
     * Runs of a tensor that holds other weights' elements, too: element i is stored as element
     * first + (i / run) * stride + i % run.
     *
     * @param first where the first element is stored
     * @param run elements side by side, whole rows of a matrix
     * @param stride from the start of a run to the start of the next
     */
    record Runs(long first, long run, long stride) implements RowOrder {
        /** Where an element is stored. */
        long stored(long element) {
            return first + element / run * stride + element % run;
        }
    }

    /**
     * The two halves of each head interleaved, as GGUF of architecture llama keeps q and k: Hugging Face's rows j and
     * j + headRows/2 are stored as rows 2j and 2j + 1 (llama.cpp {@code convert_hf_to_gguf.py}, {@code permute}).
     *
     * @param headRows rows of a head, even
     */
    record Interleaved(int headRows) implements RowOrder {
        /** Where a head's row is stored within the head. */
        int storedWithinHead(int row) {
            int half = headRows / 2;
            return 2 * (row % half) + row / half;
        }
    }

    /**
     * A row is a column of the stored tensor (GPT-2's Conv1D).
     *
     * @param first column that is the first row
     * @param columns of the stored tensor
     */
    record Transposed(int first, int columns) implements RowOrder {}
}
