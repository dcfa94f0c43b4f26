package io.sparklora.pipeline.dataset;

/**
 * Columns and directories of the token dataset's Parquet files, readable as they are by Hugging Face datasets.
 *
 * <ul>
 *   <li>{@value #INPUT_IDS} list of int32, each sequence exactly {@code sequenceLength} long
 *   <li>{@value #LABELS} list of int32, unshifted: the id where the token is supervised, {@value #IGNORED_LABEL} where
 *       it is not (always so at a document's first token and on padding)
 *   <li>{@value #SEQUENCE_LENGTHS} list of int32: lengths of the documents packed into the sequence (padding, if any,
 *       is the last one); they sum to the sequence's length, positions restart and attention does not cross
 *   <li>{@value #SEQUENCE_ID} int64: the canonical order within a split, 0 to rows - 1
 *   <li>{@value #DOCUMENT_IDS} list of string: the documents, in the order of the lengths (none for padding)
 * </ul>
 *
 * No value and no list element is null. Files are sorted by sequence id, and the manifest lists them in that order.
 */
public final class TokenDataset {
    public static final String INPUT_IDS = "input_ids";
    public static final String LABELS = "labels";
    public static final String SEQUENCE_LENGTHS = "seq_lengths";
    public static final String SEQUENCE_ID = "sequence_id";
    public static final String DOCUMENT_IDS = "document_ids";
    /** The label of a token without loss. */
    public static final int IGNORED_LABEL = -100;

    private TokenDataset() {}
}
