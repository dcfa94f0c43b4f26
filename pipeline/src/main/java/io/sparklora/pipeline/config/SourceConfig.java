package io.sparklora.pipeline.config;

import java.util.List;

/** One source of documents: files of one format, or a Spark table. */
public record SourceConfig(
        @Key("Format of the files, or `table` for a table of Spark's catalog.")
        Format format,

        @Key(value = "Files: a path, a directory or a glob. Needed for every format but `table`.", or = "''")
        String path,

        @Key(value = "Table name, for format `table`.", or = "''")
        String table,

        @Key(
                value = "Column or JSON field that holds the text; of several, the first with a value counts. "
                        + "Not used by format `text`.",
                or = "text")
        List<String> text,

        @Key(
                value = "Column or JSON field that holds the document's id; of several, the first with a value counts. "
                        + "Without one, the id is made of file and row.",
                or = "[]")
        List<String> id,

        @Key(value = "Licence of every document of this source, as an SPDX expression.", or = "''")
        String licence,

        @Key(value = "Column or JSON field that holds each document's licence; wins over `licence`.", or = "''")
        String licenceColumn,

        @Key(value = "For format `text`: whether a file or a line is a document.", or = "file")
        TextUnit document,

        @Key(
                value = "How much this source counts beside others, greater than 0: among duplicates the heavier "
                        + "source's document survives.",
                or = "1.0",
                min = 0)
        double weight,

        @Key(
                value =
                        "Language of every document of this source, as a BCP 47 tag such as `en` or `pt-BR`; empty where "
                                + "it is not known.",
                or = "''",
                pattern = "([a-z]{2,3}(-[A-Za-z0-9]{2,8})*)?")
        String language,

        @Key(
                value = "What the texts are written in: `markdown` is made plain text; of `text`, `prepare.html` says "
                        + "whether markup is taken out.",
                or = "text")
        Markup markup,

        @Key(value = "Which rows of the source are part of the corpus, by time.", or = "{}")
        Window window) {
    /** Refuses a source without a place or a text column, with the wrong kind of place, or without weight. */
    public SourceConfig {
        text = List.copyOf(text);
        id = List.copyOf(id);
        if (text.isEmpty() || text.contains("") || id.contains("")) {
            throw new IllegalArgumentException("needs names of columns in `text` and `id`, none of them empty");
        }
        if (format == Format.TABLE && (table.isEmpty() || !path.isEmpty())) {
            throw new IllegalArgumentException("needs `table` and no `path` for format table");
        }
        if (format != Format.TABLE && (path.isEmpty() || !table.isEmpty())) {
            throw new IllegalArgumentException("needs `path` and no `table` for a format of files");
        }
        if (weight <= 0) {
            throw new IllegalArgumentException("weight must be greater than 0 but was " + weight);
        }
        if (!window.column().isEmpty() && format == Format.TEXT) {
            throw new IllegalArgumentException("has a `window`, but format text has no columns");
        }
    }

    /** How a source is stored. */
    public enum Format {
        JSON,
        JSON_LINES,
        PARQUET,
        CSV,
        TEXT,
        TABLE
    }

    /** What counts as one document of a text source. */
    public enum TextUnit {
        FILE,
        LINE
    }

    /** What texts are written in. */
    public enum Markup {
        TEXT,
        MARKDOWN
    }
}
