package io.sparklora.pipeline.config;

/**
 * The steps of prepare whose order is the user's ({@code prepare.order}), in the order that they have by default. Their
 * names are those of funnel and ledger. What comes before all of them and after all of them is told in data-prep's README.
 */
public enum MovableStep {
    RECURRING_LINES,
    LENGTH,
    LANGUAGE,
    GOPHER_REPETITION,
    GOPHER_QUALITY,
    C4_QUALITY,
    FINEWEB_QUALITY,
    DEDUPLICATE,
    SPLIT,
    PARAGRAPHS,
    DECONTAMINATE;

    /** As configuration, funnel and ledger spell it, such as {@code gopher-quality}. */
    public String word() {
        return Keys.spelled(this);
    }
}
