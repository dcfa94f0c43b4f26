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

        @Key(
                value =
                        "Column or JSON field that names what each document belongs to, such as a customer or a series; "
                                + "documents of one group, of whichever source, are never on both sides of the split.",
                or = "''")
        String group,

        @Key(
                value = "Column or JSON field that says when each document was made, for a split by time: an ISO 8601 "
                        + "date or time, UTC where it names no zone.",
                or = "''")
        String timestamp,

        @Key(value = "For format `text`: whether a file or a line is a document.", or = "file")
        TextUnit document) {
    /** Refuses a source without a place, with the wrong kind of place, or without a text column. */
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
}
