package io.sparklora.dataprep.dataset;

import static org.apache.spark.sql.functions.array_repeat;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.monotonically_increasing_id;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.posexplode;
import static org.apache.spark.sql.functions.udf;
import static org.apache.spark.sql.functions.when;

import io.sparklora.dataprep.step.Documents;
import io.sparklora.dataprep.step.ValueStore;
import io.sparklora.pipeline.dataset.Split;
import io.sparklora.pipeline.run.ContentKey;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.expressions.UserDefinedFunction;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataTypes;

/**
 * The kept documents as tokens, each as often as it is to be seen, in canonical order: by split, source, id, hash of the text, file and row. Partitions hold
 * the order from the first to the last.
 *
 * <ul>
 *   <li>{@value #POSITION} long: partition number times 2^33 plus place in the partition
 *   <li>{@value #SPLIT} int: ordinal of {@link Split}
 *   <li>{@link Documents#SOURCE} int
 *   <li>{@link Documents#ID}, {@link Documents#LICENCE} string
 *   <li>{@link Documents#LANGUAGE} string; null where languages are neither identified nor declared
 *   <li>{@value #COPY} int: which of the times that an epoch shows the document this is, from 0
 *   <li>{@value #TOKENS} array of int
 *   <li>{@value #LABELS} array of int, as many: of an instruction or a chat; null for plain text, all of which is learned
 * </ul>
 */
public final class TokenizedDocuments {
    public static final String COPY = "copy";

    static final String POSITION = "position";
    static final String SPLIT = Documents.SPLIT;
    static final String TOKENS = Documents.TOKENS;
    static final String LABELS = Documents.LABELS;
    static final int POSITION_BITS = 33;

    private static final ArrayType IDS = DataTypes.createArrayType(DataTypes.IntegerType, false);
    private static final String HASH = ValueStore.HASH;
    private static final long CHARACTERS_OF_TASK = 4_000_000;

    // Also says that no id is null, which Spark does not know of what it read from files; an expression that looks at
    // each
    // id takes a microsecond for it.
    private static final UserDefinedFunction IDS_OF_BYTES = udf((UDF1<byte[], int[]>) TokenBytes::ids, IDS)
            .withName("ids_of_bytes")
            .asNonNullable();

    private TokenizedDocuments() {}

    /**
     * Tokenises and orders; the order is lazy, and to be cached before use, since positions hold for one computation only.
     *
     * @param documents columns of {@link Documents} with the split; dropped ones are left out
     * @param characters of the documents that are kept
     * @param store knows the tokens of texts that were tokenised before
     */
    public static Dataset<Row> of(Dataset<Row> documents, long characters, TokenRules rules, ValueStore store) {
        SparkSession spark = documents.sparkSession();
        UserDefinedFunction tokenize = tokenizer(spark, rules);
        Column[] order = Stream.of(SPLIT, Documents.SOURCE, Documents.ID, HASH, Documents.FILE, Documents.ROW)
                .map(functions::col)
                .toArray(Column[]::new);
        Dataset<Row> kept = documents.where(col(Documents.DROPPED).isNull()).withColumn(HASH, Documents.contentHash());
        int tasks = tasks(spark, characters);
        Column ofText = tokenize.apply(col(Documents.TEXT));
        Column ofPlainText = hasEncoded(documents) ? when(not(Documents.isSample(documents)), ofText) : ofText;
        return store.with(kept, TOKENS, ofPlainText, TokenBytes.TYPE, way(rules), tasks)
                .repartitionByRange(tasks, order)
                .sortWithinPartitions(order)
                .select(
                        // None is ever null, which Spark can't infer through the joins.
                        coalesce(col(SPLIT), lit(Split.TRAIN.ordinal())).as(SPLIT),
                        col(Documents.SOURCE),
                        coalesce(col(Documents.ID), lit("")).as(Documents.ID),
                        coalesce(col(Documents.LICENCE), lit("")).as(Documents.LICENCE),
                        Documents.language(documents).as(Documents.LANGUAGE),
                        tokens(documents).as(TOKENS),
                        labels(documents).as(LABELS),
                        posexplode(array_repeat(lit(0), Documents.copies(documents)))
                                .as(new String[] {COPY, "again"}))
                .drop("again")
                .withColumn(POSITION, monotonically_increasing_id());
    }

    /** What a text's tokens follow from. */
    private static List<String> way(TokenRules rules) {
        return List.of(
                "tokens",
                "2",
                ContentKey.ofText(rules.tokenizerJson()).hex(),
                rules.begin().toString(),
                String.valueOf(rules.endOfText()));
    }

    private static Column tokens(Dataset<Row> documents) {
        Column ofSample = hasEncoded(documents) ? encoded(TOKENS) : lit(null);
        return IDS_OF_BYTES.apply(coalesce(ofSample, col(TOKENS), lit(new byte[0])));
    }

    private static Column labels(Dataset<Row> documents) {
        return hasEncoded(documents)
                ? when(encoded(LABELS).isNotNull(), IDS_OF_BYTES.apply(encoded(LABELS)))
                : lit(null).cast(IDS);
    }

    private static boolean hasEncoded(Dataset<Row> documents) {
        return Arrays.asList(documents.columns()).contains(Documents.ENCODED);
    }

    private static Column encoded(String field) {
        return col(Documents.ENCODED).getField(field);
    }

    /** Some seconds of tokenising each: adaptive execution, which would choose them, leaves cached data alone. */
    private static int tasks(SparkSession spark, long characters) {
        long most = Long.parseLong(spark.conf().get("spark.sql.shuffle.partitions"));
        long wanted = Math.max(spark.sparkContext().defaultParallelism(), characters / CHARACTERS_OF_TASK);
        return (int) Math.min(most, wanted);
    }

    // Tokenising is native code on the CPU: the texts leave the GPU here for good.
    private static UserDefinedFunction tokenizer(SparkSession spark, TokenRules rules) {
        Broadcast<DocumentTokens> shared =
                JavaSparkContext.fromSparkContext(spark.sparkContext()).broadcast(new DocumentTokens(rules));
        return udf((UDF1<String, byte[]>) text -> TokenBytes.of(shared.value().tokens(text)), TokenBytes.TYPE)
                .withName("tokenise")
                .asNonNullable();
    }
}
