package io.sparklora.dataprep.duplicate;

import java.util.Arrays;
import java.util.Iterator;
import java.util.stream.IntStream;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/** The components of a graph in one task's memory, some 40 bytes an edge. */
final class UnionFind {
    private final long[] nodes;
    private final int[] parents;

    /** @param ends both nodes of each edge, edge after edge */
    private UnionFind(long[] ends) {
        this.nodes = Arrays.stream(ends).sorted().distinct().toArray();
        this.parents = IntStream.range(0, nodes.length).toArray();
        for (int i = 0; i < ends.length; i += 2) {
            int one = root(Arrays.binarySearch(nodes, ends[i]));
            int other = root(Arrays.binarySearch(nodes, ends[i + 1]));
            parents[Math.max(one, other)] = Math.min(one, other);
        }
    }

    /** Each node once, with the least node of its component. */
    static Iterator<Row> labels(Iterator<Row> edges) {
        long[] ends = new long[1024];
        int count = 0;
        while (edges.hasNext()) {
            Row edge = edges.next();
            if (count == ends.length) {
                ends = Arrays.copyOf(ends, count * 2);
            }
            ends[count++] = edge.getLong(0);
            ends[count++] = edge.getLong(1);
        }
        UnionFind found = new UnionFind(Arrays.copyOf(ends, count));
        return IntStream.range(0, found.nodes.length)
                .mapToObj(place -> RowFactory.create(found.nodes[place], found.nodes[found.root(place)]))
                .iterator();
    }

    /** Halves the path on its way. */
    private int root(int place) {
        int root = place;
        while (parents[root] != root) {
            parents[root] = parents[parents[root]];
            root = parents[root];
        }
        return root;
    }
}
