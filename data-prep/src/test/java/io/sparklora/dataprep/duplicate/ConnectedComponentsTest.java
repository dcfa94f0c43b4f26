package io.sparklora.dataprep.duplicate;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparklora.dataprep.SharedSpark;
import io.sparklora.dataprep.step.ScratchTables;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class ConnectedComponentsTest {
    private static final StructType EDGES = StructType.fromDDL("one bigint, other bigint");
    private static final int CHAIN = 10_000;

    private final ScratchTables scratch = SharedSpark.scratch();

    @AfterEach
    void forget() {
        scratch.close();
    }

    @Test
    void agreesWithUnionFindOnRandomGraphsForAnyNumberOfPartitions() {
        Random random = new Random(3);
        List<long[]> edges = new ArrayList<>();
        for (int i = 0; i < 900; i++) {
            edges.add(new long[] {random.nextInt(1000) - 500, random.nextInt(1000) - 500});
        }

        for (int partitions : new int[] {1, 3, 8}) {
            assertThat(labels(components(edges, partitions))).isEqualTo(unionFind(edges));
            ConnectedComponents inOneTask = ConnectedComponents.of(graph(edges, partitions), scratch);
            assertThat(inOneTask.rounds()).isZero();
            assertThat(labels(inOneTask)).isEqualTo(unionFind(edges));
        }
    }

    @Test
    void followsAChainOfTenThousandInALogarithmicNumberOfRounds() {
        List<long[]> sorted = new ArrayList<>();
        List<long[]> shuffled = new ArrayList<>();
        List<Long> names = new ArrayList<>();
        for (long i = 0; i < CHAIN; i++) {
            names.add(i);
        }
        Collections.shuffle(names, new Random(5));
        for (int i = 0; i + 1 < CHAIN; i++) {
            sorted.add(new long[] {i, i + 1});
            shuffled.add(new long[] {names.get(i), names.get(i + 1)});
        }

        for (List<long[]> chain : List.of(sorted, shuffled)) {
            ConnectedComponents found = components(chain, 3);
            System.out.println("a chain of " + CHAIN + " converges in " + found.rounds() + " rounds");
            assertThat(found.rounds()).isBetween(5, 20);
            assertThat(labels(found)).hasSize(CHAIN).containsValue(0L);
            assertThat(labels(found).values()).containsOnly(0L);
        }
    }

    @Test
    void joinsAHundredThousandNeighboursOfOneNode() {
        Dataset<Row> star = SharedSpark.session().range(1, 100_001).selectExpr("id", "cast(-7 as bigint)");

        ConnectedComponents found = SharedSpark.compiled(() -> ConnectedComponents.of(star, -1, scratch));

        assertThat(found.rounds()).isLessThanOrEqualTo(3);
        assertThat(found.labels().count()).isEqualTo(100_001);
        assertThat(found.labels().where("component = -7").count()).isEqualTo(100_001);
    }

    @Test
    void findsNothingInAGraphWithoutEdges() {
        assertThat(labels(components(List.of(), 1))).isEmpty();
        assertThat(labels(components(List.of(new long[] {4, 4}), 1))).isEmpty();
    }

    private ConnectedComponents components(List<long[]> edges, int partitions) {
        return SharedSpark.compiled(() -> ConnectedComponents.of(graph(edges, partitions), -1, scratch));
    }

    private static Dataset<Row> graph(List<long[]> edges, int partitions) {
        List<Row> rows =
                edges.stream().map(edge -> RowFactory.create(edge[0], edge[1])).toList();
        return SharedSpark.session().createDataFrame(rows, EDGES).repartition(partitions);
    }

    private static Map<Long, Long> labels(ConnectedComponents components) {
        Map<Long, Long> labels = new TreeMap<>();
        for (Row row : components.labels().collectAsList()) {
            assertThat(labels.put(row.getLong(0), row.getLong(1))).isNull();
        }
        return labels;
    }

    /** The naive model: the least node of each component, of nodes that have another node for a neighbour. */
    private static Map<Long, Long> unionFind(List<long[]> edges) {
        Map<Long, Long> parents = new HashMap<>();
        for (long[] edge : edges) {
            if (edge[0] != edge[1]) {
                long one = root(parents, edge[0]);
                long other = root(parents, edge[1]);
                parents.put(Math.max(one, other), Math.min(one, other));
            }
        }
        Map<Long, Long> labels = new TreeMap<>();
        parents.keySet().forEach(node -> labels.put(node, root(parents, node)));
        return labels;
    }

    private static long root(Map<Long, Long> parents, long node) {
        long root = node;
        while (parents.computeIfAbsent(root, itself -> itself) != root) {
            root = parents.get(root);
        }
        return root;
    }
}
