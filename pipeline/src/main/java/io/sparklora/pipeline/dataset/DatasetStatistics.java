package io.sparklora.pipeline.dataset;

import io.sparklora.pipeline.dataset.DatasetManifest.Dropped;
import io.sparklora.pipeline.dataset.DatasetManifest.Funnel;
import io.sparklora.pipeline.dataset.DatasetManifest.Packing;
import io.sparklora.pipeline.dataset.DatasetManifest.PrivacyFigures;
import io.sparklora.pipeline.run.ContentKey;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * What a token dataset is made of, for people and dashboards; nothing here reads it back. Byte-identical for equal inputs.
 * No text in it holds a private value that was found.
 *
 * @param schemaVersion 1
 * @param datasetKey the dataset's directory
 * @param sequenceLength tokens of every sequence
 * @param funnel documents in and out
 * @param changes what the steps did to texts, in the order of the steps
 * @param splits each split that has sequences, in the order train, validation, test
 * @param sources each of {@code corpus.sources}, in their order
 * @param languages documents by language (ISO 639-3), those with the most tokens first; empty where languages were neither
 *     identified nor declared. The empty name counts those whose language is not known
 * @param licences kept documents by licence, those with the most tokens first; the empty name counts those without one
 * @param privacy what was found of each kind of personal data and secrets that was looked for
 * @param nearDuplicates how well near-duplicates were found; absent where they were not looked for, or not measured
 * @param kept some kept documents
 * @param dropped some documents of each reason for which any were dropped, in the order of the steps
 */
public record DatasetStatistics(
        int schemaVersion,
        ContentKey datasetKey,
        int sequenceLength,
        Funnel funnel,
        List<StepFigure> changes,
        List<SplitStatistics> splits,
        List<SourceStatistics> sources,
        List<LanguageStatistics> languages,
        List<Share> licences,
        List<PrivacyFigures> privacy,
        Optional<NearDuplicateFigures> nearDuplicates,
        List<KeptSample> kept,
        List<DroppedSample> dropped) {
    /** The statistics' file, beside the manifest. */
    public static final String FILE = "statistics.json";
    /** The same as a page. */
    public static final String PAGE = "statistics.html";

    /** Copies the lists. */
    public DatasetStatistics {
        changes = List.copyOf(changes);
        splits = List.copyOf(splits);
        sources = List.copyOf(sources);
        languages = List.copyOf(languages);
        licences = List.copyOf(licences);
        privacy = List.copyOf(privacy);
        kept = List.copyOf(kept);
        dropped = List.copyOf(dropped);
    }

    /**
     * Something that a step did to texts, also to those of documents that were dropped later.
     *
     * @param step the step's name
     * @param figure what was counted, such as {@code removed-lines}
     * @param count how many
     */
    public record StepFigure(String step, String figure, long count) {}

    /**
     * One split.
     *
     * @param split which
     * @param documents documents in it
     * @param tokens tokens without padding
     * @param supervisedTokens tokens with a label
     * @param sequences packed sequences
     * @param packing how well they are packed
     * @param lengths how long the documents are
     */
    public record SplitStatistics(
            Split split,
            long documents,
            long tokens,
            long supervisedTokens,
            long sequences,
            Packing packing,
            Lengths lengths) {}

    /**
     * How long documents are, in tokens with those that begin and end a document. All 0 where there are no documents.
     *
     * @param shortest of all
     * @param median half of the documents are no longer
     * @param percentile95 95 of 100 documents are no longer
     * @param longest of all
     * @param histogram documents by length: powers of two, from the shortest document's to the longest's
     */
    public record Lengths(int shortest, int median, int percentile95, int longest, List<Bin> histogram)
            implements Serializable {
        private static final double MEDIAN = 0.5;
        private static final double PERCENTILE_95 = 0.95;

        /** Copies the list. */
        public Lengths {
            histogram = List.copyOf(histogram);
        }

        /**
         * Counts lengths.
         *
         * @param lengths at least 1 each; they are sorted in place
         * @throws IllegalArgumentException where one is below 1
         */
        public static Lengths of(int[] lengths) {
            if (lengths.length == 0) {
                return new Lengths(0, 0, 0, 0, List.of());
            }
            Arrays.sort(lengths);
            if (lengths[0] < 1) {
                throw new IllegalArgumentException("a document must have at least 1 token but one has " + lengths[0]);
            }
            return new Lengths(
                    lengths[0],
                    nearestRank(lengths, MEDIAN),
                    nearestRank(lengths, PERCENTILE_95),
                    lengths[lengths.length - 1],
                    histogram(lengths));
        }

        private static int nearestRank(int[] sorted, double share) {
            return sorted[(int) Math.ceil(share * sorted.length) - 1];
        }

        private static List<Bin> histogram(int[] sorted) {
            List<Bin> bins = new ArrayList<>();
            long from = Integer.highestOneBit(sorted[0]);
            int counted = 0;
            while (counted < sorted.length) {
                int start = counted;
                while (counted < sorted.length && sorted[counted] < 2 * from) {
                    counted++;
                }
                bins.add(new Bin(from, 2 * from - 1, counted - start));
                from *= 2;
            }
            return bins;
        }
    }

    /**
     * Documents of a range of lengths.
     *
     * @param from shortest that counts, in tokens
     * @param to longest that counts
     * @param documents how many
     */
    public record Bin(long from, long to, long documents) implements Serializable {}

    /**
     * One source.
     *
     * @param source place in {@code corpus.sources}
     * @param location its path, or its table
     * @param read documents read, malformed rows included
     * @param documents documents kept
     * @param tokens their tokens
     */
    public record SourceStatistics(int source, String location, long read, long documents, long tokens) {}

    /**
     * Documents of one language: read = documents + dropped by each reason.
     *
     * @param name its ISO 639-3 code; empty where it is not known
     * @param read documents of which the language was told: those that no earlier step dropped
     * @param documents of them kept
     * @param tokens the kept ones' tokens
     * @param confidence mean confidence of the identified languages of all that were read, in [0, 1]; absent where none
     *     was identified
     * @param dropped of them dropped, by each reason that dropped any, in the order of the steps
     */
    public record LanguageStatistics(
            String name, long read, long documents, long tokens, Optional<Double> confidence, List<Dropped> dropped) {
        /** Copies the list. */
        public LanguageStatistics {
            dropped = List.copyOf(dropped);
        }
    }

    /**
     * Kept documents that have something in common.
     *
     * @param name what it is, such as the licence
     * @param documents how many
     * @param tokens their tokens
     */
    public record Share(String name, long documents, long tokens) {}

    /**
     * Some documents' pairs with every other document: those that are near-duplicates by exact comparison of their shingles,
     * and those that were put into one cluster.
     *
     * @param documents how many were compared with every other
     * @param similarity least Jaccard similarity of near-duplicates
     * @param similar pairs that reach it
     * @param found pairs in one cluster
     * @param similarFound pairs that reach it and are in one cluster
     */
    public record NearDuplicateFigures(int documents, double similarity, long similar, long found, long similarFound) {
        /** Share of the similar pairs that were found, in [0, 1]; empty where there are none. */
        public OptionalDouble recall() {
            return share(similar);
        }

        /** Share of the found pairs that are similar, in [0, 1]; empty where there are none. */
        public OptionalDouble precision() {
            return share(found);
        }

        private OptionalDouble share(long of) {
            return of == 0 ? OptionalDouble.empty() : OptionalDouble.of((double) similarFound / of);
        }
    }

    /**
     * A kept document.
     *
     * @param documentId its id
     * @param source place in {@code corpus.sources}
     * @param place file and row, such as {@code a.jsonl#7}; empty for a table's
     * @param split its split
     * @param text the first characters, as they were tokenised
     */
    public record KeptSample(String documentId, int source, String place, Split split, String text) {}

    /**
     * A dropped document.
     *
     * @param step the step that dropped it
     * @param reason why
     * @param documentId its id
     * @param source place in {@code corpus.sources}
     * @param place file and row, such as {@code a.jsonl#7}; empty for a table's
     * @param measured what the step measured
     * @param threshold what it compared it with
     * @param survivorId the document that stays in this one's place
     * @param found what it was dropped for where that is a word: its licence, its language
     * @param text the first characters, as the step saw them; empty where the document was dropped by the privacy step or
     *     before it
     */
    public record DroppedSample(
            String step,
            String reason,
            String documentId,
            int source,
            String place,
            Optional<Double> measured,
            Optional<Double> threshold,
            Optional<String> survivorId,
            Optional<String> found,
            Optional<String> text) {}
}
