package io.sparklora.dataprep.corpus;

import io.sparklora.dataprep.sample.Samples;
import io.sparklora.pipeline.config.SourceConfig;
import java.io.Serializable;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The columns that a source names; of several, the first with a value counts.
 *
 * @param text at least one, or none where the rows are samples
 * @param id may be none
 * @param licence one or none
 * @param group one or none
 * @param timestamp one or none
 * @param time the window's column; one or none
 * @param fields what makes a sample, in the order of {@link Samples#columns}, an empty name for what is not given; empty
 *     for plain text
 */
record NamedColumns(
        List<String> text,
        List<String> id,
        List<String> licence,
        List<String> group,
        List<String> timestamp,
        List<String> time,
        List<String> fields)
        implements Serializable {
    /** No column at all. */
    static final NamedColumns NONE =
            new NamedColumns(List.of(), List.of(), List.of(), List.of(), List.of(), List.of(), List.of());

    static NamedColumns of(SourceConfig config) {
        boolean isText = config.kind() == SourceConfig.Kind.TEXT;
        return new NamedColumns(
                isText ? config.text() : List.of(),
                config.id(),
                optional(config.licenceColumn()),
                optional(config.group()),
                optional(config.timestamp()),
                optional(config.window().column()),
                isText ? List.of() : Samples.columns(config));
    }

    /** The columns by the key of the source that names them. */
    Map<String, List<String>> byKey() {
        Map<String, List<String>> byKey = new LinkedHashMap<>();
        byKey.put("text", text);
        byKey.put("id", id);
        byKey.put("licence-column", licence);
        byKey.put("group", group);
        byKey.put("timestamp", timestamp);
        byKey.put("window.column", time);
        byKey.put("kind", fields.stream().filter(name -> !name.isEmpty()).toList());
        return byKey;
    }

    /** Whether a header or a schema has all of them. */
    boolean areIn(List<String> header) {
        return byKey().values().stream().allMatch(header::containsAll);
    }

    private static List<String> optional(String name) {
        return name.isEmpty() ? List.of() : List.of(name);
    }
}
