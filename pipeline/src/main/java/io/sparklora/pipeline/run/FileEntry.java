package io.sparklora.pipeline.run;

/**
 * One file under a manifest.
 *
 * @param path relative to the manifest's directory, with {@code /}
 * @param bytes its length
 * @param sha256 64 lower-case hexadecimal digits
 */
public record FileEntry(String path, long bytes, String sha256) {
    /** Refuses a path that leaves the directory. */
    public FileEntry {
        if (path.isEmpty()
                || path.startsWith("/")
                || java.util.List.of(path.split("/")).contains("..")) {
            throw new IllegalArgumentException("a manifest's file must lie below it but was '" + path + "'");
        }
    }
}
