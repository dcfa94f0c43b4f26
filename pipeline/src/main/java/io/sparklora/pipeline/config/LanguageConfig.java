package io.sparklora.pipeline.config;

import java.util.List;

/** Which language a document is in, and which languages are kept. */
public record LanguageConfig(
        @Key(value = "Whether each document's language is identified.", or = "false")
        boolean enabled,

        @Key(
                value = "Languages to keep, as ISO 639-3 codes such as `eng`; empty for all.",
                or = "[]",
                pattern = "[a-z]{3}")
        List<String> keep,

        @Key(
                value = "Smallest confidence in the identified language with which a document is kept.",
                or = "0.0",
                min = 0,
                max = 1)
        double minConfidence) {
    public LanguageConfig {
        keep = List.copyOf(keep);
    }
}
