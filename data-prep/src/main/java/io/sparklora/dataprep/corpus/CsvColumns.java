package io.sparklora.dataprep.corpus;

import io.sparklora.pipeline.config.SourceConfig;
import java.io.Serializable;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The columns that a source names; of several, the first with a value counts.
 *
 * @param text at least one
 * @param id may be none
 * @param licence one or none
 * @param time the window's column; one or none
 */
record CsvColumns(List<String> text, List<String> id, List<String> licence, List<String> time) implements Serializable {
    static CsvColumns of(SourceConfig config) {
        return new CsvColumns(
                config.text(),
                config.id(),
                optional(config.licenceColumn()),
                optional(config.window().column()));
    }

    /** The columns by the key of the source that names them. */
    Map<String, List<String>> byKey() {
        Map<String, List<String>> byKey = new LinkedHashMap<>();
        byKey.put("text", text);
        byKey.put("id", id);
        byKey.put("licence-column", licence);
        byKey.put("window.column", time);
        return byKey;
    }

    /** Whether a header has all of them. */
    boolean areIn(List<String> header) {
        return byKey().values().stream().allMatch(header::containsAll);
    }

    private static List<String> optional(String name) {
        return name.isEmpty() ? List.of() : List.of(name);
    }
}
