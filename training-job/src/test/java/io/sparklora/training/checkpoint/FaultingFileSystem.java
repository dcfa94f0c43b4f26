package io.sparklora.training.checkpoint;

import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.util.Progressable;

/**
 * The local disk under the scheme {@code faulty}, on which calls fail as a {@link Fault} says. Every call counts: looking, listing, opening, making, writing, closing, renaming, deleting.
 */
public final class FaultingFileSystem extends RawLocalFileSystem {
    private static volatile Fault fault = Fault.NONE;

    /** What happens at a call. */
    @FunctionalInterface
    public interface Fault {
        Fault NONE = () -> {};

        /** Throws where the call is to fail; half of a write takes effect then. */
        void meet() throws IOException;
    }

    /** Settings under which the scheme is known. */
    public static Configuration configuration() {
        Configuration hadoop = new Configuration();
        hadoop.setClass("fs.faulty.impl", FaultingFileSystem.class, org.apache.hadoop.fs.FileSystem.class);
        return hadoop;
    }

    /** From now on, for every instance of this JVM. */
    public static void inject(Fault next) {
        fault = next;
    }

    /** The path of a local directory under the scheme. */
    public static Path path(java.nio.file.Path local) {
        return new Path("faulty://" + local);
    }

    @Override
    public URI getUri() {
        return URI.create("faulty:///");
    }

    @Override
    public String getScheme() {
        return "faulty";
    }

    @Override
    public FSDataInputStream open(Path path, int bufferSize) throws IOException {
        fault.meet();
        return super.open(path, bufferSize);
    }

    @Override
    public FSDataOutputStream create(
            Path path,
            FsPermission permission,
            boolean overwrite,
            int bufferSize,
            short replication,
            long blockSize,
            Progressable progress)
            throws IOException {
        fault.meet();
        return faulty(super.create(path, permission, overwrite, bufferSize, replication, blockSize, progress));
    }

    @Override
    public FSDataOutputStream create(
            Path path, boolean overwrite, int bufferSize, short replication, long blockSize, Progressable progress)
            throws IOException {
        fault.meet();
        return faulty(super.create(path, overwrite, bufferSize, replication, blockSize, progress));
    }

    private static FSDataOutputStream faulty(FSDataOutputStream whole) {
        return new FSDataOutputStream(
                new OutputStream() {
                    @Override
                    public void write(int b) throws IOException {
                        write(new byte[] {(byte) b}, 0, 1);
                    }

                    @Override
                    public void write(byte[] bytes, int offset, int length) throws IOException {
                        try {
                            fault.meet();
                        } catch (IOException e) {
                            whole.write(bytes, offset, length / 2);
                            whole.flush();
                            throw e;
                        }
                        whole.write(bytes, offset, length);
                    }

                    @Override
                    public void close() throws IOException {
                        try (whole) {
                            fault.meet();
                        }
                    }
                },
                null);
    }

    @Override
    public boolean rename(Path from, Path to) throws IOException {
        fault.meet();
        return super.rename(from, to);
    }

    @Override
    public boolean delete(Path path, boolean recursive) throws IOException {
        fault.meet();
        return super.delete(path, recursive);
    }

    @Override
    public boolean mkdirs(Path path) throws IOException {
        fault.meet();
        return super.mkdirs(path);
    }

    @Override
    public FileStatus[] listStatus(Path path) throws IOException {
        fault.meet();
        return Stream.of(super.listStatus(path)).map(FaultingFileSystem::plain).toArray(FileStatus[]::new);
    }

    @Override
    public FileStatus getFileStatus(Path path) throws IOException {
        fault.meet();
        return plain(super.getFileStatus(path));
    }

    /** The local file system's own starts a process where Hadoop's native library is not there. */
    @Override
    public void setPermission(Path path, FsPermission permission) throws IOException {
        Files.setPosixFilePermissions(
                pathToFile(path).toPath(), PosixFilePermissions.fromString(permission.toString()));
    }

    /** The local file system's own looks permissions up by a path that must be a {@code file}'s. */
    private static FileStatus plain(FileStatus local) {
        return new FileStatus(
                local.getLen(),
                local.isDirectory(),
                1,
                local.getBlockSize(),
                local.getModificationTime(),
                local.getPath());
    }
}
