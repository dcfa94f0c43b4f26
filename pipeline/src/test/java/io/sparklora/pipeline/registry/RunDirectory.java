package io.sparklora.pipeline.registry;

import io.sparklora.pipeline.run.StageMain;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A directory with a small configuration whose runs and registry lie in it. */
public final class RunDirectory {
    private final Path directory;
    private final Path config;

    /** Writes the configuration. */
    public RunDirectory(Path directory) {
        this.directory = directory;
        this.config = directory.resolve("legal.yaml");
        write(config, """
                name: legal
                storage: {runs: %1$s/runs, registry: %1$s/registry}
                base: {model: %1$s/base}
                corpus: {sources: [{format: text, path: %1$s/corpus}]}
                """.formatted(directory));
    }

    /** Where the configuration lies. */
    public Path config() {
        return config;
    }

    /** Where the versions go. */
    public Path registry() {
        return directory.resolve("registry").resolve("legal");
    }

    /** What the configuration and these overrides make. */
    public StageMain.Context context(String... overrides) {
        return StageMain.context(config.toString(), List.of(overrides));
    }

    /** Every file below the directory, relative and sorted, directories left out. */
    public static List<String> files(Path directory) {
        if (!Files.exists(directory)) {
            return List.of();
        }
        try (var walk = Files.walk(directory)) {
            return new ArrayList<>(walk.filter(Files::isRegularFile)
                    .map(file -> directory.relativize(file).toString())
                    .sorted()
                    .toList());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Replaces a file's text. */
    public static void write(Path file, String text) {
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
            Files.writeString(file, text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
