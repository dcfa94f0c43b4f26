package io.sparklora.dataprep.duplicate;

import static org.apache.spark.sql.functions.broadcast;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.count_if;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.length;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.size;
import static org.apache.spark.sql.functions.udf;

import io.sparklora.dataprep.step.Documents;
import io.sparklora.pipeline.config.PrepareConfig;
import io.sparklora.pipeline.dataset.DatasetStatistics.NearDuplicateFigures;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.api.java.UDF2;
import org.apache.spark.sql.expressions.UserDefinedFunction;
import org.apache.spark.sql.types.DataTypes;

/**
 * Precision and recall of the clusters: the pairs that some documents make with every other one, by exact comparison and by
 * cluster. The documents are those with the least hash of their text, of at most {@value #MOST_CHARACTERS} characters, the
 * same for any partitioning. Costs one pass over the texts; no text is moved.
 */
final class SampledPairs {
    private static final int MOST_CHARACTERS = 100_000;
    private static final String SIMILAR = "similar";
    private static final String SAMPLED = "sampled";
    private static final String CLUSTER_OF_SIMILAR = "cluster_of_similar";

    private final double similarity;
    private final long[] nodes;
    private final ShingleIndex index;

    private SampledPairs(PrepareConfig.NearDuplicates settings, List<Row> sample) {
        this.similarity = similarity(settings);
        this.nodes = sample.stream().mapToLong(row -> row.getLong(0)).toArray();
        List<String> texts = sample.stream().map(row -> row.getString(1)).toList();
        this.index = new ShingleIndex(new Shingles(settings.words()), similarity, nodes, texts);
    }

    /** Chooses the documents out of those with the columns of {@link Documents}. */
    static SampledPairs of(Dataset<Row> documents, PrepareConfig.NearDuplicates settings) {
        List<Row> sample = documents
                .where(length(col(Documents.TEXT)).leq(MOST_CHARACTERS))
                .select(Signatures.node().as(ConnectedComponents.NODE), col(Documents.TEXT))
                .orderBy(ConnectedComponents.NODE)
                .limit(settings.compared())
                .collectAsList();
        return new SampledPairs(settings, sample);
    }

    /** Where no similarity is asked for: the one at which half of all pairs share a band, (1 - 0.5^(1/bands))^(1/rows). */
    private static double similarity(PrepareConfig.NearDuplicates settings) {
        return settings.similarity() > 0
                ? settings.similarity()
                : Math.pow(1 - Math.pow(0.5, 1.0 / settings.bands()), 1.0 / settings.rows());
    }

    /**
     * Counts the pairs.
     *
     * @param documents those that were compared
     * @param clusters columns node and component of all members of clusters
     */
    NearDuplicateFigures figures(Dataset<Row> documents, Dataset<Row> clusters) {
        Dataset<Row> members = clusters.select(ConnectedComponents.NODE, ConnectedComponents.COMPONENT);
        Dataset<Row> sampled = members.where(col(ConnectedComponents.NODE).isInCollection(nodes()));
        Column together = col(ConnectedComponents.COMPONENT).equalTo(col(CLUSTER_OF_SIMILAR));
        Row counts = similar(documents)
                .join(members, new String[] {ConnectedComponents.NODE}, "left")
                .select(
                        col(ConnectedComponents.COMPONENT),
                        explode(col(SIMILAR)).as(SIMILAR))
                .join(broadcast(sampled.toDF(SIMILAR, CLUSTER_OF_SIMILAR)), new String[] {SIMILAR}, "left")
                .agg(count(lit(1)), count_if(together))
                .first();
        return new NearDuplicateFigures(
                nodes.length, similarity, counts.getLong(0), found(members, sampled), counts.getLong(1));
    }

    private List<Long> nodes() {
        return Arrays.stream(nodes).boxed().toList();
    }

    /** The documents that are similar to some of the sample, and those. */
    private Dataset<Row> similar(Dataset<Row> documents) {
        Broadcast<ShingleIndex> shared =
                new JavaSparkContext(documents.sparkSession().sparkContext()).broadcast(index);
        UserDefinedFunction similar = udf(
                        (UDF2<Long, String, long[]>)
                                (node, text) -> shared.value().similar(node, text),
                        DataTypes.createArrayType(DataTypes.LongType))
                .withName("similar_documents");
        return documents
                .where(col(Documents.TEXT).isNotNull())
                .select(Signatures.node().as(ConnectedComponents.NODE), col(Documents.TEXT))
                .select(
                        col(ConnectedComponents.NODE),
                        similar.apply(col(ConnectedComponents.NODE), col(Documents.TEXT))
                                .as(SIMILAR))
                .where(size(col(SIMILAR)).gt(0));
    }

    /** Pairs of a document of the sample with any other of its cluster. */
    private static long found(Dataset<Row> members, Dataset<Row> sampled) {
        Dataset<Row> clusters =
                sampled.groupBy(ConnectedComponents.COMPONENT).agg(count(lit(1)).as(SAMPLED));
        return members
                .join(broadcast(clusters), ConnectedComponents.COMPONENT)
                .groupBy(ConnectedComponents.COMPONENT, SAMPLED)
                .agg(count(lit(1)))
                .collectAsList()
                .stream()
                .mapToLong(cluster -> pairs(cluster.getLong(1), cluster.getLong(2)))
                .sum();
    }

    private static long pairs(long sampled, long members) {
        return sampled * (members - sampled) + sampled * (sampled - 1) / 2;
    }
}
