package io.sparklora.pipeline.run;

import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;

/**
 * A stage's output, visible all at once or not at all.
 *
 * <p>The stage writes into {@link #workDirectory()}, aside; {@link #commit} moves the files into the final directory and
 * writes the manifest last. Without a manifest the directory's content does not exist, whatever lies there: an attempt
 * killed at any point leaves nothing that a reader would take for a result, and the next attempt writes over it. Two
 * attempts at the same key write the same bytes, so it does not matter whose files stay.
 *
 * <p>Not thread-safe; one transaction an attempt.
 */
public final class StageTransaction implements AutoCloseable {
    private static final String ASIDE_PREFIX = "_attempt-";

    private final Storage storage;
    private final Path directory;
    private final Path aside;

    private StageTransaction(Storage storage, Path directory) {
        this.storage = storage;
        this.directory = directory;
        this.aside = new Path(directory, ASIDE_PREFIX + UUID.randomUUID());
    }

    /** Starts an attempt at a directory; leaves what lies there alone until the commit. */
    public static StageTransaction begin(Storage storage, Path directory) {
        StageTransaction transaction = new StageTransaction(storage, directory);
        storage.makeDirectories(transaction.aside);
        return transaction;
    }

    /**
     * The manifest of an earlier attempt that finished, if all its files are there with their lengths. Whoever uses the
     * files checks their hashes as it reads them.
     */
    public static <M extends Manifest> Optional<M> committed(Storage storage, Path directory, Class<M> type) {
        Path manifest = new Path(directory, RunLayout.MANIFEST);
        return storage.find(manifest)
                .map(bytes -> Json.parse(type, bytes, manifest))
                .filter(value -> value.files().stream().allMatch(file -> isWhole(storage, directory, file)));
    }

    private static boolean isWhole(Storage storage, Path directory, FileEntry file) {
        return storage.length(new Path(directory, file.path())) == file.bytes();
    }

    /** Where this attempt writes. */
    public Path workDirectory() {
        return aside;
    }

    /**
     * Moves the work directory's files into place and writes the manifest last.
     *
     * @param manifest makes the manifest out of the files written, sorted by path
     */
    public <M extends Manifest> M commit(Function<List<FileEntry>, M> manifest) {
        M value = manifest.apply(storage.describe(aside));
        Path manifestFile = new Path(directory, RunLayout.MANIFEST);
        storage.delete(manifestFile);
        Set<String> topLevel = new HashSet<>();
        value.files().forEach(file -> topLevel.add(file.path().split("/", 2)[0]));
        topLevel.stream().sorted().forEach(name -> storage.move(new Path(aside, name), new Path(directory, name)));
        storage.replace(manifestFile, Json.bytes(value));
        return value;
    }

    /** Removes what this attempt left aside. */
    @Override
    public void close() {
        storage.delete(aside);
    }

    /** Removes what killed attempts left aside in a directory. */
    public static void sweep(Storage storage, Path directory) {
        for (FileStatus entry : storage.list(directory)) {
            if (entry.getPath().getName().startsWith(ASIDE_PREFIX)) {
                storage.delete(entry.getPath());
            }
        }
    }
}
