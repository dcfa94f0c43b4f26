package io.sparklora.dataprep.filter;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What {@link GopherQuality} counts of a text's words.
 *
 * @param words all of them
 * @param plainWords those with a character that is no {@link Punctuation}
 * @param plainCharacters code points of the plain words
 * @param alphabeticWords those with a letter
 * @param stopWords how many of the stop words occur, each counted once
 */
record WordFigures(int words, int plainWords, long plainCharacters, int alphabeticWords, int stopWords) {
    /** Counts. */
    static WordFigures of(Words words, List<String> stopWords) {
        int plainWords = 0;
        long plainCharacters = 0;
        int alphabeticWords = 0;
        Set<String> found = new HashSet<>();
        for (int word = 0; word < words.count(); word++) {
            if (words.has(word, CharacterKinds.PLAIN)) {
                plainWords++;
                plainCharacters += words.codePoints(word);
            }
            if (words.has(word, CharacterKinds.LETTER)) {
                alphabeticWords++;
            }
            for (String stopWord : stopWords) {
                if (words.is(word, stopWord)) {
                    found.add(stopWord);
                }
            }
        }
        return new WordFigures(words.count(), plainWords, plainCharacters, alphabeticWords, found.size());
    }
}
