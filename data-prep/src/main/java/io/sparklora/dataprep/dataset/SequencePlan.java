package io.sparklora.dataprep.dataset;

import static org.apache.spark.sql.functions.array_max;
import static org.apache.spark.sql.functions.array_remove;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.size;
import static org.apache.spark.sql.functions.when;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.dataset.DatasetStatistics.Lengths;
import io.sparklora.pipeline.dataset.Split;
import io.sparklora.pipeline.dataset.TokenDataset;
import java.io.Serializable;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * Which sequence each piece of each document goes to, made on the driver out of the documents' lengths and sent to the
 * executors. Of the corpus the driver holds nothing but the lengths: with {@link Packing}, at most 24 bytes a document on
 * the driver and 8 on an executor.
 */
public final class SequencePlan implements Serializable {
    private static final long serialVersionUID = 1L;

    private final Packing[] packings;
    private final Figures[] figures;
    private final int[] splitStart;
    private final int[] partitionStart;

    private SequencePlan(Packing[] packings, Figures[] figures, int[] splitStart, int[] partitionStart) {
        this.packings = packings;
        this.figures = figures;
        this.splitStart = splitStart;
        this.partitionStart = partitionStart;
    }

    /**
     * What a split will hold.
     *
     * @param documents its documents
     * @param sequences its sequences
     * @param fewestSequences what no packing can go below
     * @param tokens their tokens without padding
     * @param supervisedTokens tokens with a label: of plain text, all but the first of each piece
     * @param lengths of the documents
     */
    record Figures(
            long documents, long sequences, long fewestSequences, long tokens, long supervisedTokens, Lengths lengths)
            implements Serializable {}

    /**
     * Plans the sequences of documents in canonical order.
     *
     * @param documents {@link TokenizedDocuments}, cached
     * @param rules whose vocabulary the tokens must be in
     * @throws StageFailure ({@link ExitCode#MISMATCH}) where a token is outside the vocabulary
     */
    public static SequencePlan of(Dataset<Row> documents, int sequenceLength, TokenRules rules) {
        List<PartitionLengths> partitions = documents
                .select(
                        col(TokenizedDocuments.POSITION),
                        col(TokenizedDocuments.SPLIT),
                        size(col(TokenizedDocuments.TOKENS)),
                        array_max(col(TokenizedDocuments.TOKENS)),
                        supervisedOfSample())
                .toJavaRDD()
                .mapPartitions(rows -> PartitionLengths.of(rows, sequenceLength))
                .collect();
        int largest = partitions.stream()
                .mapToInt(PartitionLengths::largestToken)
                .max()
                .orElse(0);
        if (largest >= rules.vocabularySize()) {
            throw new StageFailure(
                    ExitCode.MISMATCH,
                    "the tokenizer gives token " + largest + ", but the model's vocabulary has "
                            + rules.vocabularySize() + " tokens");
        }
        return of(partitions, sequenceLength);
    }

    /** Tokens with a label of a document that brings labels; null for one whose tokens all have one. */
    private static Column supervisedOfSample() {
        Column labels = col(TokenizedDocuments.LABELS);
        return when(labels.isNotNull(), size(array_remove(labels, TokenDataset.IGNORED_LABEL)));
    }

    private static SequencePlan of(List<PartitionLengths> partitions, int sequenceLength) {
        int[] lengths = partitions.stream()
                .sorted(Comparator.comparingInt(PartitionLengths::partition))
                .flatMapToInt(partition -> Arrays.stream(partition.lengths()))
                .toArray();
        int[] splitStart = new int[Split.values().length + 1];
        for (int split = 0; split < Split.values().length; split++) {
            int at = split;
            int documents = partitions.stream()
                    .mapToInt(partition -> partition.documentsOf()[at])
                    .sum();
            splitStart[split + 1] = Math.addExact(splitStart[split], documents);
        }
        Packing[] packings = new Packing[Split.values().length];
        Figures[] figures = new Figures[Split.values().length];
        for (int split = 0; split < packings.length; split++) {
            int at = split;
            int[] ofSplit = Arrays.copyOfRange(lengths, splitStart[split], splitStart[split + 1]);
            packings[split] = Packing.of(ofSplit, sequenceLength);
            long supervised = partitions.stream()
                    .mapToLong(partition -> partition.supervisedOf()[at])
                    .sum();
            figures[split] = new Figures(
                    ofSplit.length,
                    packings[split].sequences(),
                    LowerBound.of(ofSplit, sequenceLength),
                    Arrays.stream(ofSplit).asLongStream().sum(),
                    supervised,
                    Lengths.of(ofSplit));
        }
        return new SequencePlan(packings, figures, splitStart, partitionStarts(partitions));
    }

    private static int[] partitionStarts(List<PartitionLengths> partitions) {
        int last =
                partitions.stream().mapToInt(PartitionLengths::partition).max().orElse(-1);
        int[] starts = new int[last + 2];
        partitions.forEach(partition -> starts[partition.partition() + 1] = partition.lengths().length);
        Arrays.parallelPrefix(starts, Math::addExact);
        return starts;
    }

    /** What a split will hold. */
    Figures figures(Split split) {
        return figures[split.ordinal()];
    }

    /** How long the documents of every split are. */
    public Map<Split, Lengths> lengths() {
        return Arrays.stream(Split.values())
                .collect(Collectors.toUnmodifiableMap(
                        split -> split, split -> figures(split).lengths()));
    }

    /** Documents over all splits. */
    public long documents() {
        return Arrays.stream(figures).mapToLong(Figures::documents).sum();
    }

    /** Tokens over all splits, without padding. */
    public long tokens() {
        return Arrays.stream(figures).mapToLong(Figures::tokens).sum();
    }

    /** Sequences over all splits. */
    public long sequences() {
        return Arrays.stream(figures).mapToLong(Figures::sequences).sum();
    }

    /** The sequences of a document's pieces, in their order. */
    int[] sequences(long position, int split, int length) {
        int partition = (int) (position >>> TokenizedDocuments.POSITION_BITS);
        int inPartition = (int) (position & ((1L << TokenizedDocuments.POSITION_BITS) - 1));
        int document = partitionStart[partition] + inPartition - splitStart[split];
        Packing packing = packings[split];
        return IntStream.range(0, packing.pieces(length))
                .map(piece -> packing.sequence(document, length, piece))
                .toArray();
    }

    /** The lengths of one partition's documents, in their order. */
    private record PartitionLengths(
            int partition, int[] lengths, int[] documentsOf, long[] supervisedOf, int largestToken)
            implements Serializable {
        static Iterator<PartitionLengths> of(Iterator<Row> documents, int sequenceLength) {
            IntStream.Builder lengths = IntStream.builder();
            int[] documentsOf = new int[Split.values().length];
            long[] supervisedOf = new long[Split.values().length];
            int partition = -1;
            int largest = 0;
            while (documents.hasNext()) {
                Row document = documents.next();
                partition = (int) (document.getLong(0) >>> TokenizedDocuments.POSITION_BITS);
                documentsOf[document.getInt(1)]++;
                int length = document.getInt(2);
                lengths.add(length);
                int pieces = Packing.pieces(length, sequenceLength);
                supervisedOf[document.getInt(1)] += document.isNullAt(4) ? length - pieces : document.getInt(4);
                largest = Math.max(largest, document.getInt(3));
            }
            return partition < 0
                    ? List.<PartitionLengths>of().iterator()
                    : List.of(new PartitionLengths(
                                    partition, lengths.build().toArray(), documentsOf, supervisedOf, largest))
                            .iterator();
        }
    }
}
