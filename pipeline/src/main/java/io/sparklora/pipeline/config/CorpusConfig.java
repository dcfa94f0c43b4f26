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
        double badRows,

        @Key(value = "Whether a source without a single row is refused, or allowed beside others.", or = "refuse")
        EmptySources emptySources,

        @Key(value = "Which licences documents may have.", or = "{}")
        Licences licences) {
    /** The key of the sources. */
    public static final String SOURCES = "corpus.sources";

    public CorpusConfig {
        sources = List.copyOf(sources);
        if (sources.isEmpty()) {
            throw new IllegalArgumentException("must name at least one source");
        }
    }

    /** What happens to a source without rows. */
    public enum EmptySources {
        REFUSE,
        ALLOW
    }

    /** Which licences documents may have. */
    public record Licences(
            @Key(
                    value = "Licences that documents may have, as SPDX identifiers; of `A OR B` one must be named, of "
                            + "`A AND B` both. Empty allows all; '' names documents without a licence.",
                    or = "[]")
            List<String> allow,

            @Key(value = "Licences that documents must not have; wins over `allow`.", or = "[]")
            List<String> deny) {
        /** Copies the lists. */
        public Licences {
            allow = List.copyOf(allow);
            deny = List.copyOf(deny);
        }
    }
}
