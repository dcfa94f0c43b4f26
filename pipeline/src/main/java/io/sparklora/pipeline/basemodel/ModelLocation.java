package io.sparklora.pipeline.basemodel;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;

/** Where a configuration says a base model is, and how it gets onto this host. */
public final class ModelLocation {
    private ModelLocation() {}

    /**
     * The local path of a model: a local one as it is; one on another file system is copied once. A copy is kept under
     * the hash of its address and of its files' names, sizes and modification times, is made aside and moved into place
     * when it is whole, so that processes may fetch at the same time and none sees half a model.
     *
     * @param location a path, or a URI of any scheme that Hadoop knows, of a GGUF file or of a Hugging Face directory
     * @param hadoop settings of those file systems
     * @param cache directory for copies, created if need be
     * @throws InvalidBaseModelException if there is nothing at that location
     * @throws UncheckedIOException if it cannot be read or copied
     */
    public static Path fetch(String location, Configuration hadoop, Path cache) {
        URI uri = new org.apache.hadoop.fs.Path(location).toUri();
        if (uri.getScheme() == null || uri.getScheme().equals("file")) {
            return Path.of(uri.getPath());
        }
        try {
            return copied(new org.apache.hadoop.fs.Path(uri), hadoop, cache);
        } catch (IOException e) {
            throw new UncheckedIOException(location + ": cannot be copied to " + cache, e);
        }
    }

    private static Path copied(org.apache.hadoop.fs.Path remote, Configuration hadoop, Path cache) throws IOException {
        FileSystem files = remote.getFileSystem(hadoop);
        if (!files.exists(remote)) {
            throw new InvalidBaseModelException(remote + ": there is no such file or directory");
        }
        List<FileStatus> parts = parts(files, remote);
        Path kept = cache.resolve(identity(remote, parts)).resolve(remote.getName());
        if (!Files.exists(kept)) {
            copyAside(files, remote, parts, kept);
        }
        return kept;
    }

    /** A file itself, or the files of a directory; a model's directory has no directories that matter. */
    private static List<FileStatus> parts(FileSystem files, org.apache.hadoop.fs.Path remote) throws IOException {
        return Arrays.stream(files.listStatus(remote))
                .filter(FileStatus::isFile)
                .sorted(Comparator.comparing(status -> status.getPath().getName()))
                .toList();
    }

    private static String identity(org.apache.hadoop.fs.Path remote, List<FileStatus> parts) {
        StringBuilder description = new StringBuilder(remote.toString());
        for (FileStatus part : parts) {
            description
                    .append('\n')
                    .append(part.getPath().getName())
                    .append('\t')
                    .append(part.getLen())
                    .append('\t')
                    .append(part.getModificationTime());
        }
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256")
                    .digest(description.toString().getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(hash, 0, 16);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    private static void copyAside(FileSystem files, org.apache.hadoop.fs.Path remote, List<FileStatus> parts, Path kept)
            throws IOException {
        Path home = kept.resolveSibling("");
        Path aside = Files.createDirectories(home.resolveSibling(home.getFileName() + "." + UUID.randomUUID()));
        try {
            if (files.getFileStatus(remote).isDirectory()) {
                Path directory = Files.createDirectory(aside.resolve(kept.getFileName()));
                for (FileStatus part : parts) {
                    copy(files, part, directory.resolve(part.getPath().getName()));
                }
            } else {
                copy(files, parts.get(0), aside.resolve(kept.getFileName()));
            }
            moveInto(aside, home);
        } finally {
            delete(aside);
        }
    }

    private static void copy(FileSystem files, FileStatus part, Path target) throws IOException {
        try (var in = files.open(part.getPath())) {
            long copied = Files.copy(in, target);
            if (copied != part.getLen()) {
                throw new IOException(
                        part.getPath() + " gave " + copied + " bytes but is said to have " + part.getLen());
            }
        }
    }

    private static void moveInto(Path aside, Path home) throws IOException {
        try {
            Files.move(aside, home, StandardCopyOption.ATOMIC_MOVE);
        } catch (FileAlreadyExistsException | DirectoryNotEmptyException e) {
            // Another process has finished the same copy first, which is as good; ours is deleted.
            return;
        }
    }

    private static void delete(Path directory) throws IOException {
        if (!Files.exists(directory)) {
            return;
        }
        try (Stream<Path> tree = Files.walk(directory)) {
            for (Path each : tree.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(each);
            }
        }
    }
}
