package io.sparklora.pipeline.config;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.run.Json;
import io.sparklora.pipeline.run.Storage;
import java.io.File;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.hadoop.fs.Path;

/**
 * A parsed and checked configuration. Relative paths in it are relative to the working directory of the process that
 * reads it (on another default file system: to the user's home there), and nothing is taken from the environment.
 * Immutable.
 */
public final class ConfigFile {
    private static final List<String> RESOLVED =
            List.of("name", "seed", "base", "corpus", "prepare", "lora", "train", "evaluate", "publish");

    private final RunConfig config;

    private ConfigFile(RunConfig config) {
        this.config = config;
    }

    /**
     * Reads a configuration file and applies the overrides.
     *
     * @param location a path, or a URI that Hadoop's FileSystem opens; a path without a scheme is a local file if there
     *     is one, whatever the default file system
     * @param overrides {@code a.b=c} with a YAML value, later ones winning; list items by index, {@code corpus.sources.0.path=x}
     * @throws StageFailure ({@link ExitCode#USAGE}) naming every wrong key's path, the value, what is allowed, the file
     *     and the line, one key a line
     */
    public static ConfigFile load(Storage storage, String location, List<String> overrides) {
        return parse(text(storage, location), location, overrides);
    }

    /** As {@link #load}, from the file's text; {@code name} is the file's, for errors. */
    static ConfigFile parse(String text, String name, List<String> overrides) {
        Yaml tree = Presets.apply(Overrides.apply(YamlReader.file(text, name), overrides));
        Problems problems = new Problems();
        var config = new Binder(problems).run(tree);
        problems.raise();
        return new ConfigFile(config.orElseThrow());
    }

    /** The values. */
    public RunConfig config() {
        return config;
    }

    /**
     * The part of the resolved configuration under the given keys, as JSON with sorted keys and every default filled in,
     * without the keys that can't change the adapter's bytes; one that is named itself is there all the same.
     *
     * @param paths such as {@code corpus} or {@code base.dtype}
     */
    public String canonical(List<String> paths) {
        return json(Canonical.runKey(), paths);
    }

    /**
     * The resolved configuration as an artifact carries it: JSON with sorted keys and every default filled in. Without
     * {@code storage} and {@code spark}, which say where and how, not what, and may hold credentials.
     */
    public String resolved() {
        return json(Canonical.whole(), RESOLVED);
    }

    /**
     * Every key with its value, defaults filled in, in the file's order: {@code train.batch.micro = 1}. Values of
     * {@code spark.conf} that look like credentials are not shown.
     */
    public List<String> settings() {
        return Settings.lines(config);
    }

    private String json(Canonical canonical, List<String> paths) {
        Map<String, Object> values = new TreeMap<>();
        paths.forEach(path -> values.put(path, canonical.at(config, path)));
        return Json.line(values);
    }

    private static String text(Storage storage, String location) {
        byte[] bytes = storage.read(file(storage, location));
        try {
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
            return text.startsWith("\uFEFF") ? text.substring(1) : text;
        } catch (CharacterCodingException e) {
            throw new StageFailure(ExitCode.USAGE, "the configuration is not UTF-8 (" + location + ")", e);
        }
    }

    private static Path file(Storage storage, String location) {
        if (location.isEmpty()) {
            throw new StageFailure(ExitCode.USAGE, "the configuration's name is empty");
        }
        try {
            File local = new File(location);
            Path path = local.isFile() ? new Path(local.toURI()) : new Path(location);
            if (local.isDirectory() || !storage.exists(path)) {
                throw new StageFailure(ExitCode.USAGE, "there is no configuration file " + location);
            }
            return path;
        } catch (IllegalArgumentException e) {
            throw new StageFailure(ExitCode.USAGE, location + " is no path: " + e.getMessage(), e);
        }
    }
}
