package io.sparklora.dataprep.duplicate;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;

/** Texts of random words, edited copies of them, and their similarity by definition. */
final class Texts {
    private static final int VOCABULARY = 20_000;

    private Texts() {}

    static String random(Random random, int words) {
        List<String> text = new ArrayList<>();
        for (int i = 0; i < words; i++) {
            text.add(word(random));
        }
        return String.join(" ", text);
    }

    /** The text with so many of its words replaced. */
    static String edited(Random random, String text, int replaced) {
        String[] words = text.split(" ");
        for (int i = 0; i < replaced; i++) {
            words[random.nextInt(words.length)] = word(random);
        }
        return String.join(" ", words);
    }

    /** A copy whose Jaccard similarity is at least the least but not much more. */
    static String similar(Random random, String text, int wordsOfShingle, double least) {
        String copy = text;
        while (true) {
            String next = edited(random, copy, 1);
            if (jaccard(text, next, wordsOfShingle) < least) {
                return copy;
            }
            copy = next;
        }
    }

    private static String word(Random random) {
        return "w" + random.nextInt(VOCABULARY);
    }

    /** The naive model: sets of strings. */
    static double jaccard(String one, String other, int wordsOfShingle) {
        Set<String> first = shingles(one, wordsOfShingle);
        Set<String> second = shingles(other, wordsOfShingle);
        Set<String> both = new HashSet<>(first);
        both.retainAll(second);
        return (double) both.size() / (first.size() + second.size() - both.size());
    }

    static Set<String> shingles(String text, int words) {
        String[] all = text.split("[^\\p{L}\\p{N}\\p{M}]+");
        Set<String> shingles = new HashSet<>();
        for (int i = 0; i + words <= all.length; i++) {
            shingles.add(String.join(" ", Arrays.copyOfRange(all, i, i + words)));
        }
        return shingles;
    }
}
