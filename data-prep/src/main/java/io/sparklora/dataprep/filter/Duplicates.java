package io.sparklora.dataprep.filter;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Items of a list of texts that are equal to an earlier one.
 *
 * @param items how many they are
 * @param characters their code points
 */
record Duplicates(int items, int characters) {
    /** Counts. */
    static Duplicates of(List<String> texts) {
        Set<String> distinct = new HashSet<>();
        int items = 0;
        int characters = 0;
        for (String text : texts) {
            if (!distinct.add(text)) {
                items++;
                characters += Lines.codePoints(text);
            }
        }
        return new Duplicates(items, characters);
    }
}
