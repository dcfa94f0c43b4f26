package io.sparklora.dataprep.dataset;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The base model's tokenizer as a broadcast value: what travels is its JSON, and the first task of each executor's JVM
 * builds the native tokenizer, which all tasks there share and which lives as long as the JVM. Thread-safe.
 */
final class SharedTokenizer implements Serializable {
    private static final long serialVersionUID = 1L;

    private final String json;
    private final int begin;
    private final int endOfText;
    private transient @Nullable HuggingFaceTokenizer tokenizer;

    SharedTokenizer(TokenRules rules) {
        this.json = rules.tokenizerJson();
        this.begin = rules.begin().orElse(-1);
        this.endOfText = rules.endOfText();
    }

    /** The document's tokens: begin token if the model has one, the text's, end of text. */
    int[] tokens(String text) {
        long[] ids = tokenizer().encode(text, false, false).getIds();
        int offset = begin < 0 ? 0 : 1;
        int[] tokens = new int[ids.length + offset + 1];
        for (int i = 0; i < ids.length; i++) {
            tokens[i + offset] = Math.toIntExact(ids[i]);
        }
        if (offset == 1) {
            tokens[0] = begin;
        }
        tokens[tokens.length - 1] = endOfText;
        return tokens;
    }

    private synchronized HuggingFaceTokenizer tokenizer() {
        HuggingFaceTokenizer built = tokenizer;
        if (built == null) {
            built = build(json);
            tokenizer = built;
        }
        return built;
    }

    private static HuggingFaceTokenizer build(String json) {
        // Without this the library reports its use over the network.
        System.setProperty("ai.djl.offline", "true");
        // The library would cut texts at 512 tokens by default.
        Map<String, String> plain = Map.of("addSpecialTokens", "false", "truncation", "false", "padding", "false");
        try {
            return HuggingFaceTokenizer.newInstance(
                    new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8)), plain);
        } catch (IOException e) {
            throw new UncheckedIOException("the base model's tokenizer can't be built", e);
        }
    }
}
