package io.sparklora.pipeline.config;

import java.util.List;

/** The domain corpus: one or more sources. */
public record CorpusConfig(
        @Key("The sources, read in this order.") List<SourceConfig> sources,

        @Key(
                value = "Largest share of rows that may be malformed before the run fails; up to it they are "
                        + "counted and written to the ledger.",
                or = "0.01",
                min = 0,
                max = 1)
        double badRows) {
    /** The key of the sources. */
    public static final String SOURCES = "corpus.sources";

    public CorpusConfig {
        sources = List.copyOf(sources);
        if (sources.isEmpty()) {
            throw new IllegalArgumentException("must name at least one source");
        }
    }
}
