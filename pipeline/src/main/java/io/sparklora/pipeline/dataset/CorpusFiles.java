package io.sparklora.pipeline.dataset;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.config.SourceConfig;
import io.sparklora.pipeline.run.Storage;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocatedFileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RemoteIterator;

/**
 * The files that one source of the corpus stands for: those that its path matches, and all below the directories that it
 * matches, without hidden ones (names that start with {@code .} or {@code _}), as Spark reads them. A file's name is
 * its path below the deepest directory of the path without a wildcard, so that a corpus keeps its names where it is
 * moved.
 *
 * @param base the directory that names are relative to
 * @param files sorted by name
 */
public record CorpusFiles(Path base, List<File> files) {
    private static final String WILDCARDS = "*?[{\\";

    /** Copies the list. */
    public CorpusFiles {
        files = List.copyOf(files);
    }

    /**
     * One file.
     *
     * @param name its path below the base, with {@code /}
     * @param bytes its length
     * @param path where it lies
     */
    public record File(String name, long bytes, Path path) {}

    /**
     * Lists a source's files.
     *
     * @param key the source's key, such as {@code corpus.sources.0}, for the error
     * @throws StageFailure ({@link ExitCode#BAD_INPUT}) where there are none
     */
    public static CorpusFiles of(Storage storage, SourceConfig source, String key) {
        Path pattern = new Path(source.path());
        FileSystem fileSystem = storage.of(pattern);
        try {
            Path base = base(fileSystem, fileSystem.makeQualified(pattern));
            List<File> files = new ArrayList<>();
            for (FileStatus match : matches(fileSystem, pattern)) {
                collect(fileSystem, match, base, files);
            }
            if (files.isEmpty()) {
                throw new StageFailure(
                        ExitCode.BAD_INPUT, key + ".path matches no file: " + fileSystem.makeQualified(pattern));
            }
            files.sort(Comparator.comparing(File::name));
            return new CorpusFiles(base, files);
        } catch (IOException e) {
            throw new StageFailure(
                    ExitCode.RETRYABLE, "can't list " + key + ".path " + pattern + ": " + e.getMessage(), e);
        }
    }

    private static List<FileStatus> matches(FileSystem fileSystem, Path pattern) throws IOException {
        FileStatus[] found = fileSystem.globStatus(pattern);
        return found == null ? List.of() : List.of(found);
    }

    private static void collect(FileSystem fileSystem, FileStatus match, Path base, List<File> files)
            throws IOException {
        if (match.isFile()) {
            add(match, base, files);
            return;
        }
        RemoteIterator<LocatedFileStatus> below = fileSystem.listFiles(match.getPath(), true);
        while (below.hasNext()) {
            add(below.next(), base, files);
        }
    }

    private static void add(FileStatus file, Path base, List<File> files) {
        String root = base.toUri().getPath();
        String name =
                file.getPath().toUri().getPath().substring(root.endsWith("/") ? root.length() : root.length() + 1);
        if (!isHidden(name)) {
            files.add(new File(name, file.getLen(), file.getPath()));
        }
    }

    private static boolean isHidden(String name) {
        return List.of(name.split("/")).stream()
                .anyMatch(part -> part.startsWith(".") || (part.startsWith("_") && !part.contains("=")));
    }

    /** The directory itself, a plain file's parent, or what stands before the first part with a wildcard. */
    private static Path base(FileSystem fileSystem, Path pattern) throws IOException {
        Path base = pattern;
        for (Path part = pattern; part.getParent() != null; part = part.getParent()) {
            if (part.getName().chars().anyMatch(c -> WILDCARDS.indexOf(c) >= 0)) {
                base = part.getParent();
            }
        }
        return base.equals(pattern) && isFile(fileSystem, pattern) ? pattern.getParent() : base;
    }

    private static boolean isFile(FileSystem fileSystem, Path path) throws IOException {
        try {
            return fileSystem.getFileStatus(path).isFile();
        } catch (FileNotFoundException e) {
            return false;
        }
    }
}
