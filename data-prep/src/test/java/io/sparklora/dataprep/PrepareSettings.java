package io.sparklora.dataprep;

import io.sparklora.pipeline.config.ConfigFile;
import io.sparklora.pipeline.config.PrepareConfig;
import io.sparklora.pipeline.run.Storage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.hadoop.conf.Configuration;

/** Settings of prepare as a configuration file gives them. */
public final class PrepareSettings {
    private PrepareSettings() {}

    /**
     * The defaults with overrides.
     *
     * @param overrides such as {@code filters.c4-quality.enabled=true}, below {@code prepare}
     */
    public static PrepareConfig with(String... overrides) {
        try {
            Path file = Files.createTempFile("settings", ".yaml");
            Files.writeString(file, """
                    name: test
                    base: {model: m.gguf}
                    corpus: {sources: [{format: json, path: "*.json"}]}
                    """);
            List<String> below =
                    List.of(overrides).stream().map("prepare."::concat).toList();
            PrepareConfig prepare = ConfigFile.load(new Storage(new Configuration()), file.toString(), below)
                    .config()
                    .prepare();
            Files.delete(file);
            return prepare;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
