package io.sparklora.dataprep.dataset;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.array_remove;
import static org.apache.spark.sql.functions.array_repeat;
import static org.apache.spark.sql.functions.array_sort;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.collect_list;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.flatten;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.shiftright;
import static org.apache.spark.sql.functions.size;
import static org.apache.spark.sql.functions.slice;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.transform;
import static org.apache.spark.sql.functions.udf;
import static org.apache.spark.sql.functions.when;

import io.sparklora.dataprep.step.Documents;
import io.sparklora.pipeline.dataset.DatasetManifest;
import io.sparklora.pipeline.dataset.DatasetManifest.DataFile;
import io.sparklora.pipeline.dataset.DatasetManifest.SplitFigures;
import io.sparklora.pipeline.dataset.Split;
import io.sparklora.pipeline.dataset.TokenDataset;
import io.sparklora.pipeline.run.Storage;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF3;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/**
 * The packed sequences of all splits, as {@link TokenDataset} says: pieces of documents in a row, the longest first, then
 * padding. A piece is a document of its own to training: its first token has no label, positions restart, and attention
 * stays inside it.
 */
public final class Sequences {
    private static final StructType SCHEMA = new StructType()
            .add(TokenDataset.INPUT_IDS, DataTypes.createArrayType(DataTypes.IntegerType, false), false)
            .add(TokenDataset.LABELS, DataTypes.createArrayType(DataTypes.IntegerType, false), false)
            .add(TokenDataset.SEQUENCE_LENGTHS, DataTypes.createArrayType(DataTypes.IntegerType, false), false)
            .add(TokenDataset.SEQUENCE_ID, DataTypes.LongType, false)
            .add(TokenDataset.DOCUMENT_IDS, DataTypes.createArrayType(DataTypes.StringType, false), false)
            .add(ShardedParquet.FILE_NUMBER, DataTypes.IntegerType, false);
    private static final int MOST_ROWS_OF_GROUP = 1024;
    private static final int TOKENS_OF_GROUP = 1 << 22;
    private static final int TOKENS_OF_FILE = 1 << 25;
    private static final String PIECE = "piece";
    private static final String PIECES = "pieces";

    private final int length;
    private final int pad;
    private final int sequencesOfFileLog2;
    private final int rowsOfGroup;

    /**
     * @param length tokens of a sequence
     * @param pad the token that fills a sequence's end
     */
    public Sequences(int length, int pad) {
        this(length, pad, TOKENS_OF_FILE);
    }

    Sequences(int length, int pad, int tokensOfFile) {
        this.length = length;
        this.pad = pad;
        this.rowsOfGroup = Math.max(1, Math.min(MOST_ROWS_OF_GROUP, Integer.highestOneBit(TOKENS_OF_GROUP / length)));
        this.sequencesOfFileLog2 =
                Integer.numberOfTrailingZeros(Math.max(rowsOfGroup, Integer.highestOneBit(tokensOfFile / length)));
    }

    /**
     * Writes the sequences of all splits below a directory.
     *
     * @param documents {@link TokenizedDocuments}, as the plan was made of
     * @return what is there now, of each split that has sequences
     */
    public List<SplitFigures> write(Dataset<Row> documents, SequencePlan plan, Storage storage, Path below) {
        List<SplitFigures> figures = figures(plan);
        List<String> names = figures.stream()
                .flatMap(split -> split.files().stream())
                .map(DataFile::path)
                .toList();
        Dataset<Row> sequences = sequences(pieces(documents, plan, figures), names.size());
        ShardedParquet.write(sequences, col(TokenDataset.SEQUENCE_ID), rowsOfGroup, names, storage, below);
        figures.forEach(split -> requireWritten(documents.sparkSession(), split, below));
        return figures;
    }

    /** One row a piece: which sequence it goes to, its document, and its tokens. */
    private Dataset<Row> pieces(Dataset<Row> documents, SequencePlan plan, List<SplitFigures> figures) {
        Broadcast<SequencePlan> shared = JavaSparkContext.fromSparkContext(
                        documents.sparkSession().sparkContext())
                .broadcast(plan);
        // The packing is a lookup in the driver's plan: three numbers a document leave the GPU, not its tokens.
        UDF3<Long, Integer, Integer, int[]> lookup =
                (position, split, tokens) -> shared.value().sequences(position, split, tokens);
        Column tokens = col(TokenizedDocuments.TOKENS);
        Column sequenceOfPiece = udf(lookup, DataTypes.createArrayType(DataTypes.IntegerType, false))
                .withName("sequences_of_document")
                .asNonNullable()
                .apply(col(TokenizedDocuments.POSITION), col(TokenizedDocuments.SPLIT), size(tokens));
        // Cut before they are exploded: each row then carries its own tokens, not its document's.
        Column cut = transform(
                sequenceOfPiece,
                (sequence, piece) -> struct(
                        sequence.cast(DataTypes.LongType).as(TokenDataset.SEQUENCE_ID),
                        slice(tokens, piece.multiply(length).plus(1), lit(length))
                                .as(TokenizedDocuments.TOKENS),
                        slice(
                                        col(TokenizedDocuments.LABELS),
                                        piece.multiply(length).plus(1),
                                        lit(length))
                                .as(TokenizedDocuments.LABELS)));
        Dataset<Row> pieces = documents.select(
                col(TokenizedDocuments.SPLIT),
                col(TokenizedDocuments.POSITION),
                col(Documents.ID),
                explode(cut).as(PIECE));
        Column sequence = col(PIECE).getField(TokenDataset.SEQUENCE_ID);
        return pieces.select(
                col(TokenizedDocuments.SPLIT),
                shiftright(sequence, sequencesOfFileLog2)
                        .cast(DataTypes.IntegerType)
                        .plus(firstFile(figures))
                        .as(ShardedParquet.FILE_NUMBER),
                sequence.as(TokenDataset.SEQUENCE_ID),
                col(TokenizedDocuments.POSITION),
                col(Documents.ID),
                col(PIECE).getField(TokenizedDocuments.TOKENS).as(TokenizedDocuments.TOKENS),
                col(PIECE).getField(TokenizedDocuments.LABELS).as(TokenizedDocuments.LABELS));
    }

    /** Number of the first file of a row's split. */
    private static Column firstFile(List<SplitFigures> figures) {
        Column first = lit(0);
        int files = 0;
        for (SplitFigures split : figures) {
            first = when(col(TokenizedDocuments.SPLIT).equalTo(split.split().ordinal()), files)
                    .otherwise(first);
            files += split.files().size();
        }
        return first;
    }

    private Dataset<Row> sequences(Dataset<Row> pieces, int files) {
        Column tokens = col(TokenizedDocuments.TOKENS);
        Column ordered = array_sort(collect_list(struct(
                size(tokens).multiply(-1).as("longest_first"),
                col(TokenizedDocuments.POSITION),
                col(Documents.ID),
                tokens,
                col(TokenizedDocuments.LABELS))));
        return ShardedParquet.gathered(pieces, files)
                .groupBy(ShardedParquet.FILE_NUMBER, TokenDataset.SEQUENCE_ID)
                .agg(ordered.as(PIECES))
                .select(
                        inputIds().as(TokenDataset.INPUT_IDS),
                        labels().as(TokenDataset.LABELS),
                        lengths().as(TokenDataset.SEQUENCE_LENGTHS),
                        col(TokenDataset.SEQUENCE_ID),
                        transform(col(PIECES), piece -> piece.getField(Documents.ID))
                                .as(TokenDataset.DOCUMENT_IDS),
                        col(ShardedParquet.FILE_NUMBER))
                .to(SCHEMA);
    }

    private static Column tokensOfPieces() {
        return transform(col(PIECES), piece -> piece.getField(TokenizedDocuments.TOKENS));
    }

    private Column padding() {
        return lit(length).minus(size(flatten(tokensOfPieces())));
    }

    private Column inputIds() {
        return concat(flatten(tokensOfPieces()), array_repeat(lit(pad), padding()));
    }

    private Column labels() {
        Column ignored = lit(TokenDataset.IGNORED_LABEL);
        // Where a piece brings no labels, every token is its own.
        Column ofPieces = transform(col(PIECES), piece -> {
            Column labels =
                    coalesce(piece.getField(TokenizedDocuments.LABELS), piece.getField(TokenizedDocuments.TOKENS));
            return concat(array(ignored), slice(labels, lit(2), size(labels)));
        });
        return concat(flatten(ofPieces), array_repeat(ignored, padding()));
    }

    private Column lengths() {
        Column ofPadding = array_repeat(padding(), when(padding().gt(0), 1).otherwise(0));
        return concat(transform(tokensOfPieces(), tokens -> size(tokens)), ofPadding);
    }

    /** What the plan says that a split holds, and in which files. */
    private List<SplitFigures> figures(SequencePlan plan) {
        List<SplitFigures> figures = new ArrayList<>();
        for (Split split : Split.values()) {
            SequencePlan.Figures planned = plan.figures(split);
            if (planned.sequences() > 0) {
                figures.add(new SplitFigures(
                        split,
                        planned.documents(),
                        planned.sequences(),
                        planned.tokens(),
                        planned.supervisedTokens(),
                        DatasetManifest.Packing.of(
                                planned.fewestSequences(), planned.sequences(), planned.tokens(), length),
                        files(split, plan)));
            }
        }
        return List.copyOf(figures);
    }

    private List<DataFile> files(Split split, SequencePlan plan) {
        List<DataFile> files = new ArrayList<>();
        long sequences = plan.figures(split).sequences();
        long most = 1L << sequencesOfFileLog2;
        for (long first = 0; first < sequences; first += most) {
            String path = ShardedParquet.name(split.directory(), files.size());
            files.add(new DataFile(path, first, Math.min(most, sequences - first)));
        }
        return List.copyOf(files);
    }

    /** The rows of the files must be those of the plan: a lost or doubled document would show here. */
    private static void requireWritten(SparkSession spark, SplitFigures split, Path below) {
        String[] files = split.files().stream()
                .map(file -> new Path(below, file.path()).toString())
                .toArray(String[]::new);
        Column supervised = size(array_remove(col(TokenDataset.LABELS), TokenDataset.IGNORED_LABEL));
        Row written = spark.read()
                .schema(new StructType(new StructField[] {SCHEMA.apply(TokenDataset.LABELS)}))
                .parquet(files)
                .agg(count(lit(1)), sum(supervised))
                .collectAsList()
                .get(0);
        if (written.getLong(0) != split.sequences() || written.getLong(1) != split.supervisedTokens()) {
            throw new IllegalStateException(split.split().directory() + ": " + written.get(0) + " sequences with "
                    + written.get(1) + " supervised tokens were written, but " + split.sequences() + " with "
                    + split.supervisedTokens() + " were planned");
        }
    }
}
