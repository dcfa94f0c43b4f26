package io.sparklora.dataprep.step;

import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * One step between reading and tokenising. It changes texts, or marks documents as dropped; it never removes a row, and
 * none but {@link SplitOversized} adds any ({@link Documents} has the columns).
 */
public sealed interface Step {
    /** The step's name in progress lines, funnel and ledger. */
    String name();

    /** Whether the configuration asks for the step; one that is off is no part of the pipeline. */
    default boolean isOn() {
        return true;
    }

    /** Every reason for which it may drop a document, in the order of the funnel. */
    List<DropReason> reasons();

    /** What it counts of what it does to texts, in the order of the statistics. */
    default List<TextChange> changes() {
        return List.of();
    }

    /** The documents after the step; lazy, but for figures of the corpus that a step needs first. */
    Dataset<Row> apply(Dataset<Row> documents);

    /** A step that looks at one document at a time: no shuffle, but for one to a {@link ValueStore}. */
    non-sealed interface OfDocument extends Step {}

    /** A step that compares documents; its input is kept, so that it may be read more than once. */
    non-sealed interface OfCorpus extends Step {}
}
