package io.sparklora.pipeline.config;

import io.sparklora.pipeline.run.Storage;
import java.util.List;

/**
 * A parsed and checked configuration.
 */
public final class ConfigFile {
    private final RunConfig config;

    private ConfigFile(RunConfig config) {
        this.config = config;
    }

    /**
     * Reads a configuration file and applies the overrides.
     *
     * @param location a path, or a URI that Hadoop's FileSystem opens
     * @param overrides {@code a.b=c} with a YAML value, later ones winning; list items by index, {@code corpus.sources.0.path=x}
     * @throws io.sparklora.pipeline.StageFailure ({@link io.sparklora.pipeline.ExitCode#USAGE}) naming every wrong key's
     *     path, the value, what is allowed, the file and the line
     */
    public static ConfigFile load(Storage storage, String location, List<String> overrides) {
        throw new UnsupportedOperationException(location + overrides + storage);
    }

    /** The values. */
    public RunConfig config() {
        return config;
    }

    /**
     * The part of the resolved configuration under the given keys, as JSON with sorted keys and every default filled in,
     * without the keys that can't change the adapter's bytes.
     *
     * @param paths such as {@code corpus} or {@code base.dtype}
     */
    public String canonical(List<String> paths) {
        throw new UnsupportedOperationException(paths.toString());
    }
}
