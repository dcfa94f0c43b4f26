package io.sparklora.dataprep.duplicate;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.greatest;
import static org.apache.spark.sql.functions.inline;
import static org.apache.spark.sql.functions.least;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.xxhash64;

import io.sparklora.dataprep.step.ScratchTables;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * The connected components of an undirected graph: in one task where it has at most a million edges, since each round below
 * costs Spark a second whatever it moves; else by rounds of large-star and small-star (Kiveris, Lattanzi, Mirrokni,
 * Rastogi, Vassilvitskii: Connected Components in MapReduce and Beyond, 2014). Large-star ties a node's larger neighbours
 * to its least one, small-star the smaller ones; neither splits nor joins components, and when a round changes nothing,
 * every component is a star around its least node. Rounds grow with the logarithm of the longest path (12 to 15 for a
 * chain of 10,000, in {@code ConnectedComponentsTest}), edges never grow, and no task holds a node's neighbours in memory.
 *
 * @param labels columns {@value #NODE} and {@value #COMPONENT}, both long: each node of the graph once, and the least node
 *     of its component
 * @param rounds how many it took, the last of which changed nothing; 0 for one task's work
 */
public record ConnectedComponents(Dataset<Row> labels, int rounds) {
    public static final String NODE = "node";
    public static final String COMPONENT = "component";

    private static final String OTHER = "other";
    private static final String LEAST = "least";
    private static final int MOST_ROUNDS = 200;
    private static final long MOST_EDGES_OF_TASK = 1 << 20;
    private static final StructType LABEL =
            new StructType().add(NODE, DataTypes.LongType, false).add(COMPONENT, DataTypes.LongType, false);

    /**
     * Finds the components.
     *
     * @param edges two columns of nodes, long; repeated edges, both directions and loops do no harm
     * @param scratch keeps the edges of the last round
     */
    public static ConnectedComponents of(Dataset<Row> edges, ScratchTables scratch) {
        return of(edges, MOST_EDGES_OF_TASK, scratch);
    }

    /** @param mostEdgesOfTask what one task may hold */
    static ConnectedComponents of(Dataset<Row> edges, long mostEdgesOfTask, ScratchTables scratch) {
        Dataset<Row> given = edges.toDF(NODE, OTHER);
        Dataset<Row> current = scratch.keep(given.select(
                        greatest(col(NODE), col(OTHER)).as(NODE),
                        least(col(NODE), col(OTHER)).as(OTHER))
                .where(col(NODE).notEqual(col(OTHER))));
        Row before = checksum(current);
        if (before.getLong(0) <= mostEdgesOfTask) {
            return inOneTask(current, scratch);
        }
        for (int round = 1; round <= MOST_ROUNDS; round++) {
            Dataset<Row> previous = current;
            current = scratch.keep(smallStar(largeStar(previous)));
            scratch.drop(previous);
            Row after = checksum(current);
            if (after.equals(before)) {
                return new ConnectedComponents(labels(current), round);
            }
            before = after;
        }
        throw new IllegalStateException("connected components did not converge in " + MOST_ROUNDS + " rounds");
    }

    private static ConnectedComponents inOneTask(Dataset<Row> edges, ScratchTables scratch) {
        JavaRDD<Row> labels = edges.toJavaRDD().coalesce(1).mapPartitions(UnionFind::labels);
        return new ConnectedComponents(scratch.keep(edges.sparkSession().createDataFrame(labels, LABEL)), 0);
    }

    /** Edges from a node's larger neighbours to the least of its neighbours and itself. */
    private static Dataset<Row> largeStar(Dataset<Row> edges) {
        Column both = array(
                struct(col(NODE), col(OTHER)),
                struct(col(OTHER).as(NODE), col(NODE).as(OTHER)));
        Column leastNeighbour = min(col(OTHER)).over(Window.partitionBy(NODE));
        return edges.select(inline(both))
                .withColumn(LEAST, least(col(NODE), leastNeighbour))
                .where(col(OTHER).gt(col(NODE)))
                .select(col(OTHER).as(NODE), col(LEAST).as(OTHER));
    }

    /** Edges from a node and its smaller neighbours to the least of them; every edge goes from the larger node. */
    private static Dataset<Row> smallStar(Dataset<Row> edges) {
        Column leastNeighbour = min(col(OTHER)).over(Window.partitionBy(NODE));
        return edges.withColumn(LEAST, leastNeighbour)
                .select(
                        explode(array(col(NODE), col(OTHER))).as(NODE),
                        col(LEAST).as(OTHER))
                .where(col(NODE).notEqual(col(OTHER)))
                .distinct();
    }

    private static Dataset<Row> labels(Dataset<Row> stars) {
        Dataset<Row> centres =
                stars.select(col(OTHER).as(NODE), col(OTHER).as(COMPONENT)).distinct();
        return stars.select(col(NODE), col(OTHER).as(COMPONENT)).union(centres);
    }

    /** Equal for equal edges, in whatever order. */
    private static Row checksum(Dataset<Row> edges) {
        Column hash = xxhash64(col(NODE), col(OTHER)).cast(DataTypes.createDecimalType(20, 0));
        return edges.agg(count(lit(1)), coalesce(sum(hash), lit(0))).first();
    }
}
