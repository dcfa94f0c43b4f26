package io.sparklora.training.data;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.dataset.DatasetManifest;
import io.sparklora.pipeline.dataset.DatasetManifest.DataFile;
import io.sparklora.pipeline.dataset.DatasetManifest.SplitFigures;
import io.sparklora.pipeline.dataset.Split;
import io.sparklora.pipeline.run.FileEntry;
import io.sparklora.pipeline.run.Storage;
import io.sparklora.training.model.MicroBatch;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Map.Entry;
import org.apache.hadoop.fs.Path;

/**
 * One split of a token dataset, read by sequence id in any order. Files are those of the manifest in its order, never
 * those of a listing. Decoded row groups are kept, the least recently used leaving first, within a budget of
 * {@value #CACHED_TOKENS} tokens (8 bytes each) that only a single larger group may exceed. Used by one thread.
 */
public final class TokenSequences {
    private static final long CACHED_TOKENS = 8L << 20;

    private final Storage storage;
    private final Path directory;
    private final DatasetManifest manifest;
    private final SplitFigures split;
    private final long cacheBudgetTokens;
    private final RowGroupReader reader;
    /** By first sequence, least recently used first. */
    private final Map<Long, RowGroup> cache = new LinkedHashMap<>();

    private TokenSequences(
            Storage storage, Path directory, DatasetManifest manifest, SplitFigures split, long cacheBudgetTokens) {
        this.storage = storage;
        this.directory = directory;
        this.manifest = manifest;
        this.split = split;
        this.cacheBudgetTokens = cacheBudgetTokens;
        this.reader = new RowGroupReader(storage, manifest.sequenceLength(), manifest.vocabularySize());
    }

    /**
     * Opens a split; reads nothing yet.
     *
     * @param directory where the manifest lies
     * @throws StageFailure ({@link ExitCode#MISMATCH}) where the dataset has no sequence in that split
     */
    public static TokenSequences open(Storage storage, Path directory, DatasetManifest manifest, Split split) {
        return open(storage, directory, manifest, split, CACHED_TOKENS);
    }

    static TokenSequences open(
            Storage storage, Path directory, DatasetManifest manifest, Split split, long cacheBudgetTokens) {
        SplitFigures figures = manifest.split(split)
                .filter(found -> found.sequences() > 0)
                .orElseThrow(() -> new StageFailure(
                        ExitCode.MISMATCH, "the dataset " + directory + " has no sequences in " + split.directory()));
        return new TokenSequences(storage, directory, manifest, figures, cacheBudgetTokens);
    }

    /** Number of sequences; ids are below it. */
    public long count() {
        return split.sequences();
    }

    /** Tokens of every sequence. */
    public int length() {
        return manifest.sequenceLength();
    }

    /**
     * Compares this rank's share of the split's files (the files rank, rank + world, ...) with the manifest's hashes.
     *
     * @throws StageFailure ({@link ExitCode#MISMATCH}) naming the file that differs
     */
    public void verify(int rank, int world) {
        for (int i = rank; i < split.files().size(); i += world) {
            DataFile file = split.files().get(i);
            String expected = manifest.files().stream()
                    .filter(entry -> entry.path().equals(file.path()))
                    .map(FileEntry::sha256)
                    .findFirst()
                    .orElseThrow(() -> new StageFailure(
                            ExitCode.MISMATCH, "the manifest in " + directory + " has no hash of " + file.path()));
            Path path = new Path(directory, file.path());
            if (!storage.exists(path)) {
                throw new StageFailure(ExitCode.MISMATCH, path + " is missing");
            }
            String actual = storage.sha256(path);
            if (!actual.equals(expected)) {
                throw new StageFailure(
                        ExitCode.MISMATCH,
                        path + " is not the file that was prepared: its SHA-256 is " + actual
                                + " but the manifest says " + expected);
            }
        }
    }

    /**
     * The given sequences as rows of one micro-batch, in the order given.
     *
     * @param sequences ids in [0, {@link #count()}), at least one
     * @throws StageFailure ({@link ExitCode#MISMATCH}) where a file breaks the dataset's contract
     */
    public MicroBatch read(long... sequences) {
        int length = length();
        int[] inputIds = new int[sequences.length * length];
        int[] labels = new int[inputIds.length];
        int[][] documentLengths = new int[sequences.length][];
        for (int row = 0; row < sequences.length; row++) {
            RowGroup group = group(sequences[row]);
            int index = (int) (sequences[row] - group.first());
            System.arraycopy(group.inputIds(), index * length, inputIds, row * length, length);
            System.arraycopy(group.labels(), index * length, labels, row * length, length);
            documentLengths[row] = group.documentLengths().get(index);
        }
        return new MicroBatch(sequences.length, length, inputIds, labels, documentLengths);
    }

    private RowGroup group(long sequence) {
        RowGroup found = cache.values().stream()
                .filter(group -> group.holds(sequence))
                .findAny()
                .orElseGet(() -> load(sequence));
        cache.remove(found.first());
        cache.put(found.first(), found);
        return found;
    }

    private RowGroup load(long sequence) {
        DataFile file = split.files().stream()
                .filter(candidate -> sequence >= candidate.firstSequence()
                        && sequence - candidate.firstSequence() < candidate.sequences())
                .findAny()
                .orElseThrow(() -> new IndexOutOfBoundsException("sequence " + sequence + " of a split of " + count()));
        RowGroup loaded = reader.read(new Path(directory, file.path()), file.firstSequence(), sequence);
        long tokens = cachedTokens() + loaded.inputIds().length;
        var oldest = cache.entrySet().iterator();
        while (tokens > cacheBudgetTokens && oldest.hasNext()) {
            Entry<Long, RowGroup> leaving = oldest.next();
            tokens -= leaving.getValue().inputIds().length;
            oldest.remove();
        }
        return loaded;
    }

    /** Tokens of the decoded row groups in memory. */
    long cachedTokens() {
        return cache.values().stream()
                .mapToLong(group -> group.inputIds().length)
                .sum();
    }
}
