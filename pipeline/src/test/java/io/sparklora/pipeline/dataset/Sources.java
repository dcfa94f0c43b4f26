package io.sparklora.pipeline.dataset;

import io.sparklora.pipeline.config.CorpusConfig;
import io.sparklora.pipeline.config.SourceConfig;
import io.sparklora.pipeline.config.Window;
import java.util.List;

/** Configurations of sources that say no more than where they lie. */
final class Sources {
    private Sources() {}

    static SourceConfig text(String path) {
        return of(SourceConfig.Format.TEXT, path, "");
    }

    static SourceConfig table(String name) {
        return of(SourceConfig.Format.TABLE, "", name);
    }

    static CorpusConfig corpus(SourceConfig... sources) {
        return new CorpusConfig(
                List.of(sources), 0, CorpusConfig.EmptySources.REFUSE, new CorpusConfig.Licences(List.of(), List.of()));
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
                SourceConfig.TextUnit.FILE,
                1,
                "",
                SourceConfig.Markup.TEXT,
                new Window("", "", ""));
    }
}
