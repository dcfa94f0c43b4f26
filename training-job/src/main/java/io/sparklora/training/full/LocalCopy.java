package io.sparklora.training.full;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.run.Storage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;

/**
 * A directory on this machine's disk: a stored one itself where it lies here, else a copy that goes away when it is closed.
 *
 * @param directory where it is
 * @param keeping whether it stays
 */
record LocalCopy(Path directory, Keeping keeping) implements AutoCloseable {
    /** Whether a directory stays after it is closed. */
    enum Keeping {
        KEPT,
        DELETED
    }

    /** A directory of any file system. */
    static LocalCopy of(Storage storage, org.apache.hadoop.fs.Path stored) {
        FileSystem fileSystem = storage.of(stored);
        if ("file".equals(fileSystem.getScheme())) {
            return new LocalCopy(Path.of(fileSystem.makeQualified(stored).toUri()), Keeping.KEPT);
        }
        LocalCopy copy = empty();
        try {
            for (FileStatus file : storage.list(stored)) {
                if (file.isFile()) {
                    try (InputStream in = fileSystem.open(file.getPath())) {
                        Files.copy(in, copy.directory.resolve(file.getPath().getName()));
                    }
                }
            }
            return copy;
        } catch (IOException e) {
            copy.close();
            throw new StageFailure(ExitCode.RETRYABLE, "can't copy " + stored + " to this machine: " + e, e);
        }
    }

    /** A new directory that goes away. */
    static LocalCopy empty() {
        try {
            return new LocalCopy(Files.createTempDirectory("spark-lora-model"), Keeping.DELETED);
        } catch (IOException e) {
            throw new StageFailure(ExitCode.RETRYABLE, "can't make a temporary directory: " + e, e);
        }
    }

    @Override
    public void close() {
        if (keeping == Keeping.KEPT) {
            return;
        }
        try (Stream<Path> tree = Files.walk(directory)) {
            for (Path each : tree.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(each);
            }
        } catch (IOException e) {
            throw new StageFailure(ExitCode.RETRYABLE, "can't delete " + directory + ": " + e, e);
        }
    }
}
