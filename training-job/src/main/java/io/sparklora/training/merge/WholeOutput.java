package io.sparklora.training.merge;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * A file or a directory that is there whole or not at all: written aside, then moved.
 *
 * @param target where it is to be; absolute
 */
record WholeOutput(Path target) {
    /** Makes the path absolute. */
    WholeOutput {
        target = target.toAbsolutePath().normalize();
    }

    /** How it is written. */
    @FunctionalInterface
    interface Content {
        /** Writes a file or directory that is not there yet. */
        void writeTo(Path aside) throws IOException;
    }

    /**
     * Looks whether it can be written.
     *
     * @throws StageFailure ({@link ExitCode#USAGE}) where it is there already, or there is no directory to hold it
     */
    void check() {
        if (Files.exists(target)) {
            throw new StageFailure(
                    ExitCode.USAGE, "--output " + target + " is there already: name another, or delete it");
        }
        if (!Files.isDirectory(directory())) {
            throw new StageFailure(ExitCode.USAGE, "--output must lie in a directory, but there is no " + directory());
        }
    }

    /**
     * Looks whether there is room for so many bytes.
     *
     * @throws StageFailure ({@link ExitCode#RETRYABLE}) where there is not
     */
    void checkRoom(long bytes) {
        try {
            long room = Files.getFileStore(directory()).getUsableSpace();
            if (room < bytes) {
                throw new StageFailure(
                        ExitCode.RETRYABLE,
                        "--output " + target + " takes " + bytes + " bytes but there is room for " + room);
            }
        } catch (IOException e) {
            throw failed(e);
        }
    }

    /**
     * Writes it.
     *
     * @throws StageFailure ({@link ExitCode#RETRYABLE}) where it cannot be written; nothing is left then
     */
    void write(Content content) {
        Path aside = directory().resolve("." + target.getFileName() + "." + UUID.randomUUID());
        try {
            content.writeTo(aside);
            check();
            Files.move(aside, target, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            deleteAfter(e, aside);
            throw failed(e);
        } catch (RuntimeException | Error e) {
            deleteAfter(e, aside);
            throw e;
        }
    }

    private Path directory() {
        return target.resolveSibling("");
    }

    private StageFailure failed(IOException e) {
        return new StageFailure(ExitCode.RETRYABLE, "can't write " + target + ": " + e, e);
    }

    private static void deleteAfter(Throwable failure, Path aside) {
        if (!Files.exists(aside)) {
            return;
        }
        try (Stream<Path> tree = Files.walk(aside)) {
            for (Path each : tree.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(each);
            }
        } catch (IOException e) {
            failure.addSuppressed(e);
        }
    }
}
