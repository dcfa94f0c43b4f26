package io.sparklora.dataprep.duplicate;

import io.sparklora.pipeline.config.PrepareConfig.NearDuplicates;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Pairs of documents found, beside all pairs whose Jaccard similarity reaches the threshold, by comparing each document
 * with each (an index of shingles counts what they share).
 *
 * @param documents compared
 * @param similar pairs that reach the threshold
 * @param found pairs in one cluster
 * @param both similar pairs that were found
 */
record PairQuality(int documents, long similar, long found, long both) {
    /** @param clusters the cluster of a text by its place, where it has one */
    static PairQuality of(List<String> texts, Map<Integer, Long> clusters, NearDuplicates settings) {
        List<Set<String>> shingles = new ArrayList<>();
        texts.forEach(text -> shingles.add(Texts.shingles(text, settings.words())));
        Map<String, List<Integer>> places = new HashMap<>();
        long similar = 0;
        long found = 0;
        long both = 0;
        for (int one = 0; one < texts.size(); one++) {
            Map<Integer, Integer> common = new HashMap<>();
            for (String shingle : shingles.get(one)) {
                List<Integer> others = places.computeIfAbsent(shingle, none -> new ArrayList<>());
                others.forEach(other -> common.merge(other, 1, Integer::sum));
                others.add(one);
            }
            for (int other = 0; other < one; other++) {
                int shared = common.getOrDefault(other, 0);
                int union = shingles.get(one).size() + shingles.get(other).size() - shared;
                boolean isSimilar = shared >= settings.similarity() * union;
                boolean isFound = clusters.containsKey(one) && clusters.get(one).equals(clusters.get(other));
                similar += isSimilar ? 1 : 0;
                found += isFound ? 1 : 0;
                both += isSimilar && isFound ? 1 : 0;
            }
        }
        return new PairQuality(texts.size(), similar, found, both);
    }

    double recall() {
        return (double) both / similar;
    }

    double precision() {
        return (double) both / found;
    }

    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "%,d documents compared with each other: %,d similar pairs, %,d found; recall %.4f, precision %.4f",
                documents,
                similar,
                found,
                recall(),
                precision());
    }
}
