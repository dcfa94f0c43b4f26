package io.sparklora.pipeline.config;

import java.util.List;
import java.util.Locale;

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
        TextUnit document,

        @Key(
                value = "What a row is: plain `text`; an `instruction` with its completion; a `chat`. Of the last two "
                        + "only what the model has to say is trained on.",
                or = "text")
        Kind kind,

        @Key(
                value = "For kind `instruction`: columns or JSON fields of the prompt, joined by a blank line; those "
                        + "without a value are left out.",
                or = "prompt")
        List<String> prompt,

        @Key(value = "For kind `instruction`: column or JSON field of the completion.", or = "completion")
        String completion,

        @Key(
                value = "For kind `chat`: column or JSON field of the messages, a list (or its JSON) of objects with "
                        + "`role` and `content`, or `tool_calls`; or with `from` and `value`, as ShareGPT writes them.",
                or = "messages")
        String messages,

        @Key(
                value = "For kind `chat`: column or JSON field of the tools' definitions, a list (or its JSON) that a"
                        + " row may leave out.",
                or = "''")
        String tools,

        @Key(
                value =
                        "How often an epoch shows each training document of this source, greater than 0: with 2.5 twice, "
                                + "and half of them a third time; with 0.1 one in ten. Among duplicates the heaviest "
                                + "source's document survives, then the longest, then the one of the lowest id.",
                or = "1.0",
                min = 0,
                max = 100)
        double weight,

        @Key(
                value =
                        "Language of every document of this source, as a BCP 47 tag such as `en` or `pt-BR`; empty where "
                                + "it is not known. It counts where `prepare.language` identifies none, or not surely.",
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
    /**
     * Refuses a source without a place, with the wrong kind of place, without the columns of its kind, without weight, or in an unknown
     * language.
     */
    public SourceConfig {
        text = List.copyOf(text);
        id = List.copyOf(id);
        prompt = List.copyOf(prompt);
        if (text.isEmpty() || text.contains("") || id.contains("")) {
            throw new IllegalArgumentException("needs names of columns in `text` and `id`, none of them empty");
        }
        if (format == Format.TABLE && (table.isEmpty() || !path.isEmpty())) {
            throw new IllegalArgumentException("needs `table` and no `path` for format table");
        }
        if (format != Format.TABLE && (path.isEmpty() || !table.isEmpty())) {
            throw new IllegalArgumentException("needs `path` and no `table` for a format of files");
        }
        if (format == Format.TEXT && kind != Kind.TEXT) {
            throw new IllegalArgumentException(
                    "needs columns for kind " + kind.name().toLowerCase(Locale.ROOT) + ": format text has none");
        }
        if (prompt.isEmpty() || prompt.contains("") || completion.isEmpty() || messages.isEmpty()) {
            throw new IllegalArgumentException(
                    "needs names of columns in `prompt`, `completion` and `messages`, none of them empty");
        }
        if (weight <= 0) {
            throw new IllegalArgumentException("weight must be greater than 0 but was " + weight);
        }
        String code = Locale.forLanguageTag(language).getLanguage();
        if (code.length() == 2 && !List.of(Locale.getISOLanguages()).contains(code)) {
            throw new IllegalArgumentException(
                    "language must begin with a code of ISO 639 such as `en` but was '" + language + "'");
        }
        if (!window.column().isEmpty() && format == Format.TEXT) {
            throw new IllegalArgumentException("has a `window`, but format text has no columns");
        }
    }

    /** What a row is. */
    public enum Kind {
        TEXT,
        INSTRUCTION,
        CHAT
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
