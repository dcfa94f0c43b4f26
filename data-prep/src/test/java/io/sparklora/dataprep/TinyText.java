package io.sparklora.dataprep;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/** Tokens back to text. */
final class TinyText {
    private TinyText() {}

    static String decode(String tokenizerJson, List<Integer> tokens) {
        byte[] json = tokenizerJson.getBytes(StandardCharsets.UTF_8);
        try (HuggingFaceTokenizer tokenizer =
                HuggingFaceTokenizer.newInstance(new ByteArrayInputStream(json), Map.of("truncation", "false"))) {
            return tokenizer.decode(
                    tokens.stream().mapToLong(Integer::longValue).toArray());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
