package io.sparklora.dataprep.privacy;

import java.util.List;

/** Finds the values of one kind in texts. Thread-safe; its time grows linearly with the text, whatever the text. */
interface Detector {
    /**
     * A pattern that every text with a finding matches, and few others: without lookaround, flags and classes of
     * Unicode, so that it runs on the GPU.
     */
    String gate();

    /** The findings in their order; no two overlap. */
    List<Span> find(String text);
}
