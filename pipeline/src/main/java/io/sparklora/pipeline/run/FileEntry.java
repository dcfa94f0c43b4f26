package io.sparklora.pipeline.run;

import java.util.List;

/**
 * One file under a manifest.
 *
 * @param path relative to the manifest's directory, with {@code /}
 * @param bytes its length
 * @param sha256 64 lower-case hexadecimal digits
 */
public record FileEntry(String path, long bytes, String sha256) {
    /** Refuses a path that leaves the directory, and a length below 0. */
    public FileEntry {
        if (path.isEmpty()
                || path.startsWith("/")
                || path.contains(":")
                || List.of(path.split("/", -1)).contains("..")) {
            throw new IllegalArgumentException("a manifest's file must lie below it but was '" + path + "'");
        }
        if (bytes < 0) {
            throw new IllegalArgumentException("bytes must be at least 0 but was " + bytes);
        }
    }
}
