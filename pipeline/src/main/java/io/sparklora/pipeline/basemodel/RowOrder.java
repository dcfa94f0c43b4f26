package io.sparklora.pipeline.basemodel;

/**
 * How a file orders the rows of a weight. GGUF of architecture llama interleaves the two halves of each head of q and k:
 * Hugging Face's rows j and j + headRows/2 are stored as rows 2j and 2j + 1 (llama.cpp {@code convert_hf_to_gguf.py},
 * {@code permute}).
 *
 * @param headRows rows of a head, even; 0 where rows are stored in Hugging Face's order
 */
record RowOrder(int headRows) {
    static final RowOrder AS_STORED = new RowOrder(0);

    /** Rows of each head interleaved. */
    static RowOrder interleaved(int headRows) {
        return new RowOrder(headRows);
    }

    boolean isAsStored() {
        return headRows == 0;
    }

    /** Where a head's row is stored within the head. */
    int storedWithinHead(int row) {
        int half = headRows / 2;
        return 2 * (row % half) + row / half;
    }
}
