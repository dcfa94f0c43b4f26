package io.sparklora.pipeline.dataset;

import io.sparklora.pipeline.config.CorpusConfig;
import io.sparklora.pipeline.config.SourceConfig;
import io.sparklora.pipeline.config.Window;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Configurations of sources that say no more than where they lie. */
final class Sources {
    private Sources() {}

    static SourceConfig text(String path) {
        return of(SourceConfig.Format.TEXT, path, "");
    }

    static SourceConfig table(String name) {
        return of(SourceConfig.Format.TABLE, "", name);
    }

    /** Sources by their keys. */
    static Map<String, SourceConfig> corpus(SourceConfig... sources) {
        Map<String, SourceConfig> byKey = new LinkedHashMap<>();
        for (SourceConfig source : sources) {
            byKey.put(CorpusConfig.SOURCES + "." + byKey.size(), source);
        }
        return byKey;
    }

    private static SourceConfig of(SourceConfig.Format format, String path, String table) {
        return new SourceConfig(
                format,
                path,
                table,
                List.of("text"),
                List.of(),
                "",
                "",
                "",
                "",
                SourceConfig.TextUnit.FILE,
                SourceConfig.Kind.TEXT,
                List.of("prompt"),
                "completion",
                "messages",
                "",
                1,
                "",
                SourceConfig.Markup.TEXT,
                new Window("", "", ""));
    }
}
