package io.sparklora.pipeline.config;

import java.util.List;

/**
 * Quality filters in the order in which they run by default, with the thresholds of their papers. Each is off until it is
 * switched on here or by {@code prepare.preset}.
 */
public record FiltersConfig(
        @Key(value = "Drops documents that repeat themselves.", or = "{}")
        GopherRepetition gopherRepetition,

        @Key(value = "Drops documents that don't look like prose.", or = "{}")
        GopherQuality gopherQuality,

        @Key(value = "Takes out lines that are no sentences, drops documents without sentences.", or = "{}")
        C4 c4Quality,

        @Key(value = "Drops documents whose lines are no sentences.", or = "{}")
        FineWeb finewebQuality) {
    private static final int TOP_NGRAMS = 3;
    private static final int DUPLICATE_NGRAMS = 6;

    /** Largest shares of repetition that are kept. */
    public record GopherRepetition(
            @Key(value = "Whether documents that repeat themselves are dropped.", or = "false")
            boolean enabled,

            @Key(value = "Largest share of paragraphs that repeat an earlier one.", or = "0.3", min = 0, max = 1)
            double duplicateParagraphs,

            @Key(value = "Largest share of characters in such paragraphs.", or = "0.2", min = 0, max = 1)
            double duplicateParagraphCharacters,

            @Key(value = "Largest share of lines that repeat an earlier one.", or = "0.3", min = 0, max = 1)
            double duplicateLines,

            @Key(value = "Largest share of characters in such lines.", or = "0.2", min = 0, max = 1)
            double duplicateLineCharacters,

            @Key(
                    value =
                            "Largest share of characters in the most frequent sequence of 2, 3 and 4 words; overlapping "
                                    + "ones count each, so it can exceed 1.",
                    or = "[0.2, 0.18, 0.16]",
                    min = 0,
                    max = 4)
            List<Double> topNGrams,

            @Key(
                    value = "Largest share of characters in sequences of 5, 6, 7, 8, 9 and 10 words that repeat an "
                            + "earlier one.",
                    or = "[0.15, 0.14, 0.13, 0.12, 0.11, 0.1]",
                    min = 0,
                    max = 1)
            List<Double> duplicateNGrams) {
        public GopherRepetition {
            topNGrams = List.copyOf(topNGrams);
            duplicateNGrams = List.copyOf(duplicateNGrams);
            if (topNGrams.size() != TOP_NGRAMS || duplicateNGrams.size() != DUPLICATE_NGRAMS) {
                throw new IllegalArgumentException("top-ngrams must be " + TOP_NGRAMS
                        + " numbers (for 2 to 4 words) and"
                        + " duplicate-ngrams " + DUPLICATE_NGRAMS + " (for 5 to 10 words), but were " + topNGrams.size()
                        + " and " + duplicateNGrams.size());
            }
        }
    }

    /** What prose is like. */
    public record GopherQuality(
            @Key(value = "Whether documents that don't look like prose are dropped.", or = "false")
            boolean enabled,

            @Key(value = "Fewest words that are more than punctuation.", or = "50", min = 1)
            int minWords,

            @Key(value = "Most words that are more than punctuation.", or = "100000", min = 1)
            int maxWords,

            @Key(value = "Smallest mean length of these words, in characters.", or = "3.0", min = 0)
            double minMeanWordLength,

            @Key(value = "Largest mean length of these words, in characters.", or = "10.0", min = 0)
            double maxMeanWordLength,

            @Key(value = "Most `#`, and most ellipses, for each word.", or = "0.1", min = 0)
            double maxSymbolRatio,

            @Key(value = "Largest share of lines that start with a bullet.", or = "0.9", min = 0, max = 1)
            double maxBulletLines,

            @Key(value = "Largest share of lines that end with an ellipsis.", or = "0.3", min = 0, max = 1)
            double maxEllipsisLines,

            @Key(value = "Smallest share of words with a letter.", or = "0.8", min = 0, max = 1)
            double minAlphabeticWords,

            @Key(value = "How many of the stop words must occur.", or = "2", min = 0)
            int minStopWords,

            @Key(
                    value = "Words of which every text of the language holds some, in lower case.",
                    or = "[the, be, to, of, and, that, have, with]")
            List<String> stopWords) {
        public GopherQuality {
            stopWords = List.copyOf(stopWords);
            if (minWords > maxWords) {
                throw new IllegalArgumentException("min-words " + minWords + " must not exceed max-words " + maxWords);
            }
            if (minMeanWordLength > maxMeanWordLength) {
                throw new IllegalArgumentException("min-mean-word-length " + minMeanWordLength
                        + " must not exceed max-mean-word-length " + maxMeanWordLength);
            }
            long different = stopWords.stream().distinct().count();
            if (minStopWords > different) {
                throw new IllegalArgumentException(
                        "min-stop-words " + minStopWords + " must not exceed the " + different + " stop-words");
            }
        }
    }

    /** Which lines are sentences, and which documents have enough of them. */
    public record C4(
            @Key(value = "Whether lines that are no sentences are taken out.", or = "false")
            boolean enabled,

            @Key(
                    value = "Whether only lines are kept that end in `.`, `?`, `!` or a quote, and not in `...`.",
                    or = "true")
            boolean endPunctuation,

            @Key(value = "Fewest words of a line that is kept.", or = "3", min = 0, max = 1000)
            int minLineWords,

            @Key(value = "Longest word of a line that is kept, in characters.", or = "1000", min = 1, max = 1000000)
            int maxWordCharacters,

            @Key(value = "Whether citations such as `[1]` are taken out.", or = "true")
            boolean removeCitations,

            @Key(value = "Whether lines that name Javascript are taken out.", or = "true")
            boolean dropJavascriptLines,

            @Key(value = "Whether lines about terms of use, privacy and cookies are taken out.", or = "true")
            boolean dropPolicyLines,

            @Key(value = "Whether documents that hold `lorem ipsum` are dropped.", or = "true")
            boolean refuseLoremIpsum,

            @Key(value = "Whether documents that hold `{` are dropped.", or = "true")
            boolean refuseCurlyBrackets,

            @Key(value = "Fewest sentences in the lines that are kept.", or = "5", min = 0)
            int minSentences) {}

    /** What the lines of prose are like. */
    public record FineWeb(
            @Key(value = "Whether documents whose lines are no sentences are dropped.", or = "false")
            boolean enabled,

            @Key(
                    value = "Smallest share of lines that end in punctuation that ends a sentence.",
                    or = "0.12",
                    min = 0,
                    max = 1)
            double minLinePunctuation,

            @Key(value = "Largest share of short lines.", or = "0.67", min = 0, max = 1)
            double maxShortLines,

            @Key(value = "Longest line that counts as short, in characters.", or = "30", min = 0)
            int shortLineCharacters,

            @Key(
                    value = "Largest share of characters in lines that repeat an earlier one.",
                    or = "0.01",
                    min = 0,
                    max = 1)
            double maxDuplicateCharacters,

            @Key(value = "Most line breaks for each word.", or = "0.3", min = 0)
            double maxListRatio) {}
}
