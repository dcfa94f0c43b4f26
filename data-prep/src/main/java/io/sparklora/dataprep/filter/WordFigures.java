package io.sparklora.dataprep.filter;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

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
    static final String WORDS = "words";
    static final String PLAIN_WORDS = "plain_words";
    static final String PLAIN_CHARACTERS = "plain_characters";
    static final String ALPHABETIC_WORDS = "alphabetic_words";
    static final String STOP_WORDS = "stop_words";

    static final StructType SCHEMA = new StructType()
            .add(WORDS, DataTypes.IntegerType, false)
            .add(PLAIN_WORDS, DataTypes.IntegerType, false)
            .add(PLAIN_CHARACTERS, DataTypes.LongType, false)
            .add(ALPHABETIC_WORDS, DataTypes.IntegerType, false)
            .add(STOP_WORDS, DataTypes.IntegerType, false);

    /** Counts. */
    static WordFigures of(Words words, List<String> stopWords) {
        int plainWords = 0;
        long plainCharacters = 0;
        int alphabeticWords = 0;
        Set<String> found = new HashSet<>();
        for (int word = 0; word < words.count(); word++) {
            if (words.hasMatch(word, codePoint -> !Punctuation.contains(codePoint))) {
                plainWords++;
                plainCharacters += words.codePoints(word);
            }
            if (words.hasMatch(word, Words::isLetter)) {
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

    /** As {@link #SCHEMA} says. */
    Row row() {
        return RowFactory.create(words, plainWords, plainCharacters, alphabeticWords, stopWords);
    }
}
