package io.sparklora.dataprep;

import io.sparklora.pipeline.config.CorpusConfig;
import io.sparklora.pipeline.config.SourceConfig;
import io.sparklora.pipeline.config.SourceConfig.Format;
import io.sparklora.pipeline.config.SourceConfig.Markup;
import io.sparklora.pipeline.config.SourceConfig.TextUnit;
import io.sparklora.pipeline.config.Window;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Writes small corpora, and says how they are configured. */
public record CorpusDirectory(Path root) {
    /** No window. */
    public static final Window EVER = new Window("", "", "");

    public Path write(String name, String content) {
        return write(name, content.getBytes(StandardCharsets.UTF_8));
    }

    public Path write(String name, byte[] content) {
        try {
            Path file = root.resolve(name);
            Files.createDirectories(file.getParent());
            return Files.write(file, content);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    /** A document a file: {@code {"id": ..., "text": ...}}. */
    public void writeJson(String name, String id, String text) {
        write(
                name,
                "{\"id\": \"" + id + "\", \"text\": \""
                        + text.replace("\n", "\\n").replace("\"", "\\\"") + "\"}");
    }

    public SourceConfig source(Format format, String pattern) {
        return source(format, pattern, List.of("id"));
    }

    public SourceConfig source(Format format, String pattern, List<String> id) {
        return source(format, root + "/" + pattern, "", List.of("text"), id, "", "", TextUnit.FILE);
    }

    /** A source of plain text. */
    public static SourceConfig source(
            Format format,
            String path,
            String table,
            List<String> text,
            List<String> id,
            String licence,
            String licenceColumn,
            TextUnit document) {
        return source(format, path, table, text, id, licence, licenceColumn, document, 1, "", EVER);
    }

    /** A source of plain text with a weight, a language and a window. */
    public static SourceConfig source(
            Format format,
            String path,
            String table,
            List<String> text,
            List<String> id,
            String licence,
            String licenceColumn,
            TextUnit document,
            double weight,
            String language,
            Window window) {
        return new SourceConfig(
                format,
                path,
                table,
                text,
                id,
                licence,
                licenceColumn,
                "",
                "",
                document,
                SourceConfig.Kind.TEXT,
                List.of("prompt"),
                "completion",
                "messages",
                "",
                weight,
                language,
                Markup.TEXT,
                window);
    }

    public static CorpusConfig corpus(double badRows, SourceConfig... sources) {
        return new CorpusConfig(
                List.of(sources),
                badRows,
                CorpusConfig.EmptySources.REFUSE,
                new CorpusConfig.Licences(List.of(), List.of()));
    }
}
