package io.sparklora.training.model;

import java.util.Arrays;

/**
 * The sequences that one native call computes: {@code sequences} rows of {@code length} token ids each.
 *
 * @param sequences number of rows B, at least 1
 * @param length tokens a row S, at least 2
 * @param inputIds token ids, row-major [B, S]
 * @param labels unshifted labels as Hugging Face's, row-major [B, S]: the id itself where the token is supervised,
 *     {@link #IGNORED} where it is not (always so at a document's first token); position t-1 predicts label t
 * @param documentLengths for each row the lengths of the documents packed into it, each at least 1, summing to S;
 *     positions restart at, and attention does not cross, a document's border
 */
@SuppressWarnings("ArrayRecordComponent") // built once, never compared, too large to copy
public record MicroBatch(int sequences, int length, int[] inputIds, int[] labels, int[][] documentLengths) {
    /** The label of a token without loss. */
    public static final int IGNORED = -100;

    /** Checks sizes and borders; the arrays are taken over, not copied: a batch is built once and never written again. */
    public MicroBatch {
        if (sequences < 1 || length < 2) {
            throw new IllegalArgumentException(
                    "a micro-batch needs at least 1 sequence of 2 tokens but has " + sequences + " x " + length);
        }
        if (inputIds.length != sequences * length || labels.length != inputIds.length) {
            throw new IllegalArgumentException("a micro-batch of " + sequences + " x " + length + " holds "
                    + inputIds.length + " ids and " + labels.length + " labels");
        }
        if (documentLengths.length != sequences) {
            throw new IllegalArgumentException(
                    documentLengths.length + " lists of document lengths for " + sequences + " sequences");
        }
        for (int row = 0; row < sequences; row++) {
            if (Arrays.stream(documentLengths[row]).sum() != length
                    || Arrays.stream(documentLengths[row]).anyMatch(n -> n < 1)) {
                throw new IllegalArgumentException("document lengths " + Arrays.toString(documentLengths[row])
                        + " of sequence " + row + " must be positive and sum to " + length);
            }
        }
    }

    /** Number of tokens with a label; the denominator of a mean loss. */
    public int supervisedTokens() {
        int supervised = 0;
        for (int label : labels) {
            if (label != IGNORED) {
                supervised++;
            }
        }
        return supervised;
    }
}
