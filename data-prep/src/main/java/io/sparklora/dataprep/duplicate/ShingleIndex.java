package io.sparklora.dataprep.duplicate;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The different shingles of some documents, to find those of them that another document is similar to by the exact Jaccard
 * similarity. Immutable; takes 12 bytes a shingle.
 */
final class ShingleIndex implements Serializable {
    private static final long serialVersionUID = 1L;

    private final Shingles shingles;
    private final double similarity;
    private final long[] nodes;
    private final int[] sizes;
    private final long[] hashes;
    private final int[] places;

    /**
     * @param similarity least similarity, above 0
     * @param nodes of the documents, ascending
     * @param texts of the documents, with words
     */
    ShingleIndex(Shingles shingles, double similarity, long[] nodes, List<String> texts) {
        this.shingles = shingles;
        this.similarity = similarity;
        this.nodes = nodes.clone();
        List<long[]> sets = texts.stream().map(shingles::set).toList();
        this.sizes = sets.stream().mapToInt(set -> set.length).toArray();
        List<Entry> entries = new ArrayList<>();
        for (int place = 0; place < nodes.length; place++) {
            for (long hash : sets.get(place)) {
                entries.add(new Entry(hash, place));
            }
        }
        entries.sort(null);
        this.hashes = entries.stream().mapToLong(Entry::hash).toArray();
        this.places = entries.stream().mapToInt(Entry::place).toArray();
    }

    private record Entry(long hash, int place) implements Comparable<Entry> {
        @Override
        public int compareTo(Entry other) {
            return Long.compare(hash, other.hash);
        }
    }

    /**
     * The documents of the index that a document is similar to: of one that is in the index itself, only those before it,
     * so that every pair is found once.
     */
    long[] similar(long node, String text) {
        long[] set = shingles.set(text);
        int own = Arrays.binarySearch(nodes, node);
        int end = own < 0 ? nodes.length : own;
        int[] shared = shared(set);
        return IntStream.range(0, end)
                .filter(place -> shared[place] > 0
                        && shared[place] >= similarity * ((long) set.length + sizes[place] - shared[place]))
                .mapToLong(place -> nodes[place])
                .toArray();
    }

    private int[] shared(long[] set) {
        int[] shared = new int[nodes.length];
        for (long hash : set) {
            int found = Arrays.binarySearch(hashes, hash);
            if (found >= 0) {
                int first = found;
                while (first > 0 && hashes[first - 1] == hash) {
                    first--;
                }
                for (int i = first; i < hashes.length && hashes[i] == hash; i++) {
                    shared[places[i]]++;
                }
            }
        }
        return shared;
    }
}
