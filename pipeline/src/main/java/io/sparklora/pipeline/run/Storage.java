package io.sparklora.pipeline.run;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocatedFileStatus;
import org.apache.hadoop.fs.Options.CreateFileOptionKeys;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RemoteIterator;
import org.apache.hadoop.fs.UnsupportedFileSystemException;

/**
 * The storage of runs and versions through Hadoop's FileSystem. An input/output error is a retryable stage failure that
 * names the path. Thread-safe.
 */
public final class Storage {
    private static final int COPY_BUFFER_BYTES = 1 << 16;

    private final Configuration hadoop;

    /** @param hadoop the settings that Hadoop's file systems are opened with */
    public Storage(Configuration hadoop) {
        this.hadoop = hadoop;
    }

    /** The file system of a path; the local one writes no checksum files beside ours. */
    public FileSystem of(Path path) {
        try {
            FileSystem fileSystem = path.getFileSystem(hadoop);
            fileSystem.setWriteChecksum(false);
            return fileSystem;
        } catch (UnsupportedFileSystemException e) {
            throw new StageFailure(ExitCode.USAGE, "can't open " + path + ": " + e.getMessage(), e);
        } catch (IOException e) {
            throw failed("can't open the file system of", path, e);
        } catch (LinkageError e) {
            throw lacksClass(path, e);
        } catch (RuntimeException e) {
            // Hadoop knows the names of clients whose jars a stock Spark does not bring.
            throw Stream.<Throwable>iterate(e, Objects::nonNull, Throwable::getCause)
                    .filter(cause -> cause instanceof ClassNotFoundException || cause instanceof LinkageError)
                    .findFirst()
                    .<RuntimeException>map(cause -> lacksClass(path, cause))
                    .orElse(e);
        }
    }

    private static StageFailure lacksClass(Path path, Throwable cause) {
        return new StageFailure(
                ExitCode.USAGE,
                "can't open " + path + ": a jar of its client is missing in Spark's jars (" + cause + ")",
                cause);
    }

    /** Whether a file or directory is there. */
    public boolean exists(Path path) {
        return attempt("can't look for", path, () -> of(path).exists(path));
    }

    /** A file's length in bytes; -1 where there is no file of that name. */
    public long length(Path path) {
        return attempt("can't look for", path, () -> {
            try {
                FileStatus status = of(path).getFileStatus(path);
                return status.isFile() ? status.getLen() : -1;
            } catch (FileNotFoundException e) {
                return -1L;
            }
        });
    }

    /** A small file's bytes. */
    public byte[] read(Path path) {
        return attempt("can't read", path, () -> bytes(path));
    }

    /** A small file's bytes; empty where there is no file of that name. */
    public Optional<byte[]> find(Path path) {
        return attempt("can't read", path, () -> {
            try {
                return Optional.of(bytes(path));
            } catch (FileNotFoundException e) {
                // Of a file that is being replaced this may be the moment without one; and the local file system calls
                // a
                // file missing that it must not read.
                return of(path).exists(path) ? Optional.of(bytes(path)) : Optional.empty();
            }
        });
    }

    private byte[] bytes(Path path) throws IOException {
        try (InputStream in = of(path).open(path)) {
            return in.readAllBytes();
        }
    }

    /**
     * Replaces a small file. On the local file system a reader sees the old bytes or the new ones; on any other, for a
     * moment, no file.
     */
    public void replace(Path path, byte[] bytes) {
        Path aside = new Path(path.getParent(), "." + path.getName() + "." + UUID.randomUUID());
        create(aside, bytes);
        move(aside, path);
    }

    /** Writes a new file whole; the parent directory is made. */
    public void create(Path path, byte[] bytes) {
        create(path, out -> out.write(bytes));
    }

    /** Writes a new file of any length; the parent directory is made. */
    public void create(Path path, Content content) {
        attempt("can't write", path, () -> {
            try (FSDataOutputStream out = of(path).create(path, true)) {
                content.writeTo(out);
                out.hsync();
            }
            return path;
        });
    }

    /**
     * Writes a small new file whole, unless there is one of that name: of any number of writers, in any process, one
     * wins. The local file system guarantees that by linking, HDFS by renaming, S3A by a conditional write
     * ({@code If-None-Match}, {@link #writesConditionally}); on any other it is as good as that file system's rename
     * refuses a name that is taken.
     *
     * @return whether it was written; false where the name was taken
     */
    public boolean createIfAbsent(Path path, byte[] bytes) {
        return attempt("can't write", path, () -> {
            FileSystem fileSystem = of(path);
            if (fileSystem.exists(path)) {
                return false;
            }
            return writesConditionally(path)
                    ? ExclusiveWrite.conditionally(fileSystem, path, bytes)
                    : ExclusiveWrite.byName(this, fileSystem, path, bytes);
        });
    }

    /** Whether a path's file system has conditional writes, as S3A has from Hadoop 3.4.2 on unless they are off. */
    public boolean writesConditionally(Path path) {
        return attempt("can't look for", path, () -> of(path).hasPathCapability(
                        path, CreateFileOptionKeys.FS_OPTION_CREATE_CONDITIONAL_OVERWRITE));
    }

    /** Copies a file. */
    public void copy(Path from, Path to) {
        create(to, out -> {
            try (InputStream in = of(from).open(from)) {
                in.transferTo(out);
            }
        });
    }

    /** Renames a file or directory, replacing what is there. */
    public void move(Path from, Path to) {
        attempt("can't write", to, () -> {
            FileSystem fileSystem = of(to);
            fileSystem.mkdirs(to.getParent());
            if (fileSystem.exists(to) && fileSystem.getFileStatus(to).isDirectory()) {
                fileSystem.delete(to, true);
            }
            // The local file system's rename replaces a file in one step; others refuse to, so theirs is made way for.
            if (!"file".equals(fileSystem.getScheme())) {
                fileSystem.delete(to, true);
            }
            if (!fileSystem.rename(from, to)) {
                throw new IOException("rename from " + from + " was refused");
            }
            return to;
        });
    }

    /** Deletes a file or a whole directory, if it is there. */
    public void delete(Path path) {
        attempt("can't delete", path, () -> of(path).delete(path, true));
    }

    /** Deletes a directory if it is there and nothing is in it. */
    public void deleteIfEmpty(Path directory) {
        attempt("can't delete", directory, () -> {
            FileSystem fileSystem = of(directory);
            try {
                return fileSystem.delete(directory, false);
            } catch (IOException e) {
                if (fileSystem.listStatus(directory).length > 0) {
                    return false;
                }
                throw e;
            }
        });
    }

    /** Makes a directory and its parents. */
    public void makeDirectories(Path path) {
        attempt("can't make", path, () -> of(path).mkdirs(path));
    }

    /** The entries of a directory, sorted by name; none where it is missing. */
    public List<FileStatus> list(Path directory) {
        return attempt("can't list", directory, () -> {
            try {
                List<FileStatus> entries = new ArrayList<>(List.of(of(directory).listStatus(directory)));
                entries.sort(Comparator.comparing(entry -> entry.getPath().getName()));
                return entries;
            } catch (FileNotFoundException e) {
                return List.of();
            }
        });
    }

    /** Every visible file below a directory with its length and hash, sorted by path. */
    public List<FileEntry> describe(Path directory) {
        return attempt("can't read", directory, () -> {
            FileSystem fileSystem = of(directory);
            String root = pathOf(fileSystem.makeQualified(directory)).replaceFirst("/*$", "/");
            List<FileEntry> files = new ArrayList<>();
            RemoteIterator<LocatedFileStatus> found = fileSystem.listFiles(directory, true);
            while (found.hasNext()) {
                LocatedFileStatus file = found.next();
                String relative = pathOf(file.getPath()).substring(root.length());
                if (!isHidden(relative)) {
                    files.add(new FileEntry(relative, file.getLen(), sha256(file.getPath())));
                }
            }
            files.sort(Comparator.comparing(FileEntry::path));
            return List.copyOf(files);
        });
    }

    /** SHA-256 of a file, 64 hexadecimal digits. */
    public String sha256(Path path) {
        return attempt("can't read", path, () -> {
            MessageDigest digest = ContentKey.sha256();
            try (InputStream in = new DigestInputStream(of(path).open(path), digest)) {
                byte[] buffer = new byte[COPY_BUFFER_BYTES];
                while (in.read(buffer) >= 0) {
                    // The stream feeds the digest.
                }
            }
            return HexFormat.of().formatHex(digest.digest());
        });
    }

    /** Without scheme and authority, which have several spellings ({@code file:/} and {@code file:///}). */
    private static String pathOf(Path path) {
        return path.toUri().getPath();
    }

    private static boolean isHidden(String relative) {
        return List.of(relative.split("/")).stream().anyMatch(name -> name.startsWith(".") || name.startsWith("_"));
    }

    private static <T> T attempt(String what, Path path, IoAction<T> action) {
        try {
            return action.run();
        } catch (IOException e) {
            throw failed(what, path, e);
        } catch (UncheckedIOException e) {
            throw failed(what, path, new IOException(e.getMessage(), e));
        }
    }

    private static StageFailure failed(String what, Path path, IOException e) {
        return new StageFailure(ExitCode.RETRYABLE, what + " " + path + ": " + e.getMessage(), e);
    }

    /** A file's bytes, written in as many pieces as suits them. */
    @FunctionalInterface
    public interface Content {
        /** Writes all bytes; the stream is left open. */
        void writeTo(OutputStream out) throws IOException;
    }

    @FunctionalInterface
    private interface IoAction<T> {
        T run() throws IOException;
    }
}
