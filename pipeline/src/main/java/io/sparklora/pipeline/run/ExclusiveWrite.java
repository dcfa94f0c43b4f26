package io.sparklora.pipeline.run;

import java.io.File;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.util.UUID;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FSDataOutputStreamBuilder;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Options.CreateFileOptionKeys;
import org.apache.hadoop.fs.Path;

/** The ways to create a whole file under a name that only one writer gets. */
final class ExclusiveWrite {
    private ExclusiveWrite() {}

    /** An object store's conditional write: the request that finds the name taken fails as the stream is closed. */
    static boolean conditionally(FileSystem fileSystem, Path path, byte[] bytes) throws IOException {
        FSDataOutputStreamBuilder<?, ?> builder = fileSystem.createFile(path);
        builder.overwrite(false);
        builder.recursive();
        builder.must(CreateFileOptionKeys.FS_OPTION_CREATE_CONDITIONAL_OVERWRITE, true);
        try (FSDataOutputStream out = builder.build()) {
            out.write(bytes);
        } catch (IOException e) {
            if (fileSystem.exists(path)) {
                return false;
            }
            throw e;
        }
        return true;
    }

    /** A file written aside, then given the name in a step that fails where the name is taken. */
    static boolean byName(Storage storage, FileSystem fileSystem, Path path, byte[] bytes) throws IOException {
        Path aside = new Path(path.getParent(), "." + path.getName() + "." + UUID.randomUUID());
        storage.create(aside, bytes);
        try {
            return "file".equals(fileSystem.getScheme()) ? link(aside, path) : fileSystem.rename(aside, path);
        } finally {
            fileSystem.delete(aside, false);
        }
    }

    /** Hadoop's local rename replaces what is there; a hard link never does. */
    private static boolean link(Path aside, Path path) throws IOException {
        try {
            Files.createLink(local(path), local(aside));
            return true;
        } catch (FileAlreadyExistsException e) {
            return false;
        } catch (UnsupportedOperationException e) {
            throw new IOException("this file system has no hard links", e);
        }
    }

    private static java.nio.file.Path local(Path path) {
        return new File(path.toUri().getPath()).toPath();
    }
}
