package io.sparklora.dataprep.dataset;

import io.sparklora.dataprep.tokenizer.SealedVocabulary;
import io.sparklora.dataprep.tokenizer.SharedTokenizer;
import java.io.Serializable;

/** A text document as the model's pre-training saw documents, as a broadcast value. Thread-safe. */
final class DocumentTokens implements Serializable {
    private static final long serialVersionUID = 1L;

    private final SharedTokenizer tokenizer;
    private final int begin;
    private final int endOfText;

    DocumentTokens(TokenRules rules) {
        this.tokenizer = new SharedTokenizer(SealedVocabulary.of(rules.tokenizerJson()));
        this.begin = rules.begin().orElse(-1);
        this.endOfText = rules.endOfText();
    }

    /** The document's tokens: begin token if the model has one, the text's, end of text. */
    int[] tokens(String text) {
        int[] ids = tokenizer.ids(text);
        int offset = begin < 0 ? 0 : 1;
        int[] tokens = new int[ids.length + offset + 1];
        System.arraycopy(ids, 0, tokens, offset, ids.length);
        if (offset == 1) {
            tokens[0] = begin;
        }
        tokens[tokens.length - 1] = endOfText;
        return tokens;
    }
}
