package io.sparklora.dataprep.dataset;

import java.util.OptionalInt;

/**
 * How texts become tokens: the base model's own way.
 *
 * @param tokenizerJson the tokenizer, as Hugging Face's tokenizers library reads it
 * @param begin the token before each document, where the model's own tokenizer puts one
 * @param endOfText the token after each document
 * @param pad the token that fills a sequence's end
 * @param vocabularySize ids are below it
 */
public record TokenRules(String tokenizerJson, OptionalInt begin, int endOfText, int pad, int vocabularySize) {
    /** Refuses special tokens outside the vocabulary. */
    public TokenRules {
        for (int id : new int[] {begin.orElse(0), endOfText, pad}) {
            if (id < 0 || id >= vocabularySize) {
                throw new IllegalArgumentException(
                        "a special token must be in [0, " + vocabularySize + ") but was " + id);
            }
        }
    }
}
