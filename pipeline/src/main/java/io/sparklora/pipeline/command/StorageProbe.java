package io.sparklora.pipeline.command;

import io.sparklora.pipeline.run.Storage;
import java.util.UUID;
import org.apache.hadoop.fs.Path;

/**
 * The name of a file that is created in a location to see whether it can be. Closing deletes the file, and the location's
 * directory if it was not there before and nobody else has written into it since.
 *
 * @param wasThere whether the directory was there before
 */
record StorageProbe(Storage storage, Path directory, boolean wasThere, Path file) implements AutoCloseable {
    /** A new name in a location. */
    static StorageProbe in(Storage storage, String location) {
        Path directory = new Path(location);
        return new StorageProbe(
                storage, directory, storage.exists(directory), new Path(directory, ".probe-" + UUID.randomUUID()));
    }

    @Override
    public void close() {
        storage.delete(file);
        if (!wasThere) {
            storage.deleteIfEmpty(directory);
        }
    }
}
