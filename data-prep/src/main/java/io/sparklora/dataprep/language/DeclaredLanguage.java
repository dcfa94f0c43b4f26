package io.sparklora.dataprep.language;

import io.sparklora.pipeline.config.SourceConfig;
import java.util.Locale;
import java.util.Map;

/** The language that a source says its documents are in. */
public final class DeclaredLanguage {
    /** ISO 639-3 has codes for groups of languages, too; of these three the model knows the most spoken member alone. */
    private static final Map<String, String> MEMBERS = Map.of("zho", "cmn", "nor", "nob", "mlg", "plt");

    private DeclaredLanguage() {}

    /** The source's language as one that is identified would be named: an ISO 639-3 code; empty where it declares none. */
    public static String code(SourceConfig source) {
        String code = Locale.forLanguageTag(source.language()).getISO3Language();
        return MEMBERS.getOrDefault(code, code);
    }
}
