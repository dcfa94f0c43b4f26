package io.sparklora.pipeline.dataset;

import io.sparklora.pipeline.run.ContentKey;
import io.sparklora.pipeline.run.FileEntry;
import io.sparklora.pipeline.run.Manifest;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a token dataset is, written last. Byte-identical for equal inputs: it holds no time, host or path of a run.
 *
 * @param schemaVersion 1
 * @param datasetKey the dataset's directory
 * @param configKey the configuration it was prepared for
 * @param corpusFingerprint what the corpus was when it was read
 * @param baseModelHash content hash of the base model whose tokenizer was used
 * @param tokenizerHash SHA-256 of tokenizer.json
 * @param sequenceLength tokens of every sequence
 * @param vocabularySize ids are below it
 * @param splits figures and files of each split that has sequences, in the order train, validation, test
 * @param funnel documents in and out
 * @param licences documents kept by licence; the empty name counts those without one
 * @param languages documents kept by language (ISO 639-3); empty where languages were neither identified nor declared. The
 *     empty name counts those whose language is not known
 * @param sources what was read of each source, in the order of {@code corpus.sources}
 * @param privacy what was found of each kind of personal data and secrets that was looked for
 * @param files every file: the splits', the ledger's and the statistics'
 * @param preparation the part of the resolved configuration that made it, as canonical JSON
 */
public record DatasetManifest(
        int schemaVersion,
        ContentKey datasetKey,
        ContentKey configKey,
        ContentKey corpusFingerprint,
        ContentKey baseModelHash,
        String tokenizerHash,
        int sequenceLength,
        int vocabularySize,
        List<SplitFigures> splits,
        Funnel funnel,
        Map<String, Long> licences,
        Map<String, Long> languages,
        List<SourceFigures> sources,
        List<PrivacyFigures> privacy,
        List<FileEntry> files,
        String preparation)
        implements Manifest {
    /** Copies the lists. */
    public DatasetManifest {
        splits = List.copyOf(splits);
        licences = java.util.Collections.unmodifiableSortedMap(new java.util.TreeMap<>(licences));
        languages = java.util.Collections.unmodifiableSortedMap(new java.util.TreeMap<>(languages));
        sources = List.copyOf(sources);
        privacy = List.copyOf(privacy);
        files = List.copyOf(files);
    }

    /** The figures of a split; empty where it has no sequences. */
    public Optional<SplitFigures> split(Split split) {
        return splits.stream().filter(figures -> figures.split() == split).findFirst();
    }

    /**
     * One split.
     *
     * @param split which
     * @param documents documents in it, each as often as an epoch shows it
     * @param sequences rows over all files
     * @param tokens tokens without padding
     * @param supervisedTokens tokens with a label
     * @param packing how well they are packed
     * @param files its Parquet files in canonical order, sequence ids running on from file to file
     */
    public record SplitFigures(
            Split split,
            long documents,
            long sequences,
            long tokens,
            long supervisedTokens,
            Packing packing,
            List<DataFile> files) {
        /** Copies the list. */
        public SplitFigures {
            files = List.copyOf(files);
        }
    }

    /**
     * A certificate of a split's packing: whoever packs the same documents otherwise needs no fewer sequences than the
     * bound says.
     *
     * @param fewestSequences a lower bound on the sequences, for any packing
     * @param tokenEfficiency share of the sequences' places that hold a token and no padding
     */
    public record Packing(long fewestSequences, double tokenEfficiency) {
        /**
         * The certificate of a packing.
         *
         * @throws IllegalArgumentException where there are fewer sequences than the bound says, or more tokens than places
         */
        public static Packing of(long fewestSequences, long sequences, long tokens, int sequenceLength) {
            if (sequences < fewestSequences || tokens > sequences * sequenceLength) {
                throw new IllegalArgumentException(tokens + " tokens can't be in " + sequences + " sequences of "
                        + sequenceLength + ", at least " + fewestSequences + " of which are needed");
            }
            return new Packing(fewestSequences, (double) tokens / (sequences * sequenceLength));
        }
    }

    /**
     * One Parquet file.
     *
     * @param path relative to the manifest
     * @param firstSequence id of its first row
     * @param sequences its rows
     */
    public record DataFile(String path, long firstSequence, long sequences) {}

    /**
     * Documents in = kept + dropped by each reason, exactly.
     *
     * @param read documents read, malformed rows included
     * @param kept documents that reached a split
     * @param dropped documents dropped by each reason, in the order of the steps
     */
    public record Funnel(long read, long kept, List<Dropped> dropped) {
        /** Refuses figures that do not balance. */
        public Funnel {
            dropped = List.copyOf(dropped);
            long lost = dropped.stream().mapToLong(Dropped::documents).sum();
            if (read != kept + lost) {
                throw new IllegalArgumentException(
                        "the funnel does not balance: " + read + " read, " + kept + " kept, " + lost + " dropped");
            }
        }
    }

    /**
     * Documents dropped for one reason.
     *
     * @param step the step's name
     * @param reason the reason's name, such as {@code too-short}
     * @param documents how many
     */
    public record Dropped(String step, String reason, long documents) {}

    /**
     * What was read and kept of one source.
     *
     * @param source place in {@code corpus.sources}
     * @param documents documents read, malformed rows included
     * @param malformed rows that are no documents
     * @param outsideWindow rows that the source's window leaves out; they are not among the documents
     * @param samples documents of it in all splits, each as often as an epoch shows it: the source's weight
     */
    public record SourceFigures(int source, long documents, long malformed, long outsideWindow, long samples) {}

    /**
     * Findings of one kind in all documents that were read, kept or dropped.
     *
     * @param kind such as {@code email}
     * @param action {@code replace} or {@code drop}
     * @param documents documents with at least one
     * @param values how many were found
     */
    public record PrivacyFigures(String kind, String action, long documents, long values) {}
}
