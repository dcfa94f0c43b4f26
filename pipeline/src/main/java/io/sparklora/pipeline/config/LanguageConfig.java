package io.sparklora.pipeline.config;

import java.util.List;

/** Which language a document is in, and which languages are kept. */
public record LanguageConfig(
        @Key(
                value = "Whether each document's language is identified; where not, it is the one that its source "
                        + "declares, if any.",
                or = "false")
        boolean enabled,

        @Key(
                value = "Languages to keep, as ISO 639-3 codes such as `eng`; empty for all. Where nothing says which "
                        + "language a document is in, it is kept.",
                or = "[]",
                pattern = "[a-z]{3}")
        List<String> keep,

        @Key(
                value = "Smallest confidence with which the identified language counts; below it, a document is in the "
                        + "language that its source declares, and dropped where that declares none.",
                or = "0.0",
                min = 0,
                max = 1)
        double minConfidence) {
    public LanguageConfig {
        keep = List.copyOf(keep);
    }
}
