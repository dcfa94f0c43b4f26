package io.sparklora.dataprep.duplicate;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.array_distinct;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.first_value;
import static org.apache.spark.sql.functions.get;
import static org.apache.spark.sql.functions.greatest;
import static org.apache.spark.sql.functions.lag;
import static org.apache.spark.sql.functions.least;
import static org.apache.spark.sql.functions.length;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.pmod;
import static org.apache.spark.sql.functions.posexplode;
import static org.apache.spark.sql.functions.substring;
import static org.apache.spark.sql.functions.udf;
import static org.apache.spark.sql.functions.when;
import static org.apache.spark.sql.functions.xxhash64;

import io.sparklora.dataprep.step.Documents;
import io.sparklora.dataprep.step.Survivor;
import io.sparklora.dataprep.step.ValueStore;
import io.sparklora.pipeline.config.PrepareConfig;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.api.java.UDF2;
import org.apache.spark.sql.expressions.UserDefinedFunction;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.expressions.WindowSpec;
import org.apache.spark.sql.types.DataTypes;

/**
 * The MinHash signatures of documents, and the pairs of documents that they make candidates of: two that agree in all rows
 * of a band (locality-sensitive hashing, Indyk and Motwani, 1998), which happens with probability {@code 1 - (1 -
 * J^rows)^bands}.
 *
 * <p>In a bucket, the documents that share a band, each is paired with the first one and with the one before it, in the
 * order of the next band, so that documents with two bands in common stand together: pairs grow with the bucket, not with
 * its square, and a bucket is sorted on disk where it does not fit into memory.
 */
final class Signatures {
    static final String RANK = "rank";
    static final String SIGNATURE = "signature";
    static final String ONE = "one";
    static final String OTHER = "other";

    private static final String FIRST = "first";
    private static final String BEFORE = "before";
    private static final String BAND = "band";
    private static final String KEY = "key";
    private static final String KEYS = "keys";
    private static final String NEXT = "next";

    // Column expressions for arrays leave the GPU no less and take some hundred times longer.
    private static final UserDefinedFunction SIMILARITY = udf(
                    (UDF2<byte[], byte[], Double>) MinHash::similarity, DataTypes.DoubleType)
            .withName("minhash_similarity");

    private final PrepareConfig.NearDuplicates settings;
    private final UserDefinedFunction signature;

    Signatures(PrepareConfig.NearDuplicates settings) {
        this.settings = settings;
        MinHash minHash = new MinHash(new Shingles(settings.words()), settings.bands() * settings.rows());
        // Shingles and their least hashes are loops over arrays: the texts leave the GPU here.
        this.signature = udf((UDF1<String, byte[]>) minHash::signature, DataTypes.BinaryType)
                .withName("minhash");
    }

    /**
     * What stands for a document where it is compared: a hash of its text, null for dropped ones. Two of n different texts
     * have the same one with probability {@code n^2 / 2^65}, 1 in 3,700 for a hundred million.
     */
    static Column node() {
        return when(col(Documents.TEXT).isNotNull(), xxhash64(col(Documents.TEXT)));
    }

    /** Columns node, {@value #RANK}, {@value #SIGNATURE} of the documents that were not dropped and have words. */
    Dataset<Row> of(Dataset<Row> documents, ValueStore store) {
        Dataset<Row> texts = documents
                .where(col(Documents.TEXT).isNotNull())
                .select(
                        node().as(ConnectedComponents.NODE),
                        Survivor.rank().as(RANK),
                        Documents.contentHash().as(ValueStore.HASH),
                        col(Documents.TEXT));
        List<String> way = List.of(
                "signatures",
                "1",
                String.valueOf(settings.words()),
                String.valueOf(settings.bands() * settings.rows()));
        int tasks = Integer.parseInt(documents.sparkSession().conf().get("spark.sql.shuffle.partitions"));
        return store.with(texts, SIGNATURE, signature.apply(col(Documents.TEXT)), DataTypes.BinaryType, way, tasks)
                .drop(ValueStore.HASH)
                .where(length(col(SIGNATURE)).gt(0));
    }

    /** Columns {@value #ONE} and {@value #OTHER}: candidates whose signatures are similar enough. */
    Dataset<Row> pairs(Dataset<Row> signatures) {
        Dataset<Row> candidates = candidates(signatures);
        if (settings.similarity() == 0) {
            return candidates;
        }
        Dataset<Row> ofOne = signatures.select(
                col(ConnectedComponents.NODE).as(ONE), col(SIGNATURE).as("one_signature"));
        Dataset<Row> ofOther = signatures.select(
                col(ConnectedComponents.NODE).as(OTHER), col(SIGNATURE).as("other_signature"));
        return candidates
                .join(ofOne, ONE)
                .join(ofOther, OTHER)
                .where(similarity(col("one_signature"), col("other_signature")).geq(settings.similarity()))
                .select(ONE, OTHER);
    }

    /** The estimated Jaccard similarity of two signatures. */
    static Column similarity(Column one, Column other) {
        return SIMILARITY.apply(one, other);
    }

    private Dataset<Row> candidates(Dataset<Row> signatures) {
        WindowSpec bucket = Window.partitionBy(KEY).orderBy(NEXT, ConnectedComponents.NODE);
        Column node = col(ConnectedComponents.NODE);
        return bands(signatures)
                .select(
                        node,
                        first_value(node).over(bucket).as(FIRST),
                        lag(node, 1).over(bucket).as(BEFORE))
                .where(col(BEFORE).isNotNull())
                .select(
                        node,
                        explode(array_distinct(array(col(FIRST), col(BEFORE)))).as(OTHER))
                .select(
                        least(node, col(OTHER)).as(ONE),
                        greatest(node, col(OTHER)).as(OTHER))
                .distinct();
    }

    /** A row for each band of each document, with the band's key and that of the next band. */
    private Dataset<Row> bands(Dataset<Row> signatures) {
        return signatures
                .select(col(ConnectedComponents.NODE), array(keys()).as(KEYS))
                .select(
                        col(ConnectedComponents.NODE),
                        col(KEYS),
                        posexplode(col(KEYS)).as(new String[] {BAND, KEY}))
                .select(
                        col(ConnectedComponents.NODE),
                        col(KEY),
                        get(col(KEYS), pmod(col(BAND).plus(1), lit(settings.bands())))
                                .as(NEXT));
    }

    private Column[] keys() {
        int bytes = settings.rows() * Integer.BYTES;
        return IntStream.range(0, settings.bands())
                .mapToObj(band -> xxhash64(lit(band), substring(col(SIGNATURE), band * bytes + 1, bytes)))
                .toArray(Column[]::new);
    }
}
