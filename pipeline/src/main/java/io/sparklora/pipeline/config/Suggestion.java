package io.sparklora.pipeline.config;

import java.util.Collection;
import java.util.Comparator;
import java.util.Optional;

/** Which known word someone meant who wrote an unknown one: the one at the smallest edit distance, if that is small. */
final class Suggestion {
    private static final int SHORT_WORD = 3;
    private static final int LETTERS_AN_EDIT = 3;

    private Suggestion() {}

    static Optional<String> nearest(String word, Collection<String> known) {
        int allowed = word.length() <= SHORT_WORD ? 1 : Math.max(2, word.length() / LETTERS_AN_EDIT);
        return known.stream()
                .filter(candidate -> distance(word, candidate) <= allowed)
                .min(Comparator.comparingInt(candidate -> distance(word, candidate)));
    }

    /** Levenshtein's distance: insertions, deletions and replacements. */
    private static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
            }
        }
        return row[b.length()];
    }
}
