package io.sparklora.training.generation;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.pipeline.basemodel.SpecialTokens;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/** The base model's own tokenizer, as data-prep used it on the documents: a begin token only where the model adds one. */
final class PromptTokenizer implements AutoCloseable {
    private final HuggingFaceTokenizer tokenizer;
    private final SpecialTokens special;

    private PromptTokenizer(HuggingFaceTokenizer tokenizer, SpecialTokens special) {
        this.tokenizer = tokenizer;
        this.special = special;
    }

    /** Builds the tokenizer; the caller closes it. */
    static PromptTokenizer of(BaseModel base) {
        // Without this the library reports its use over the network.
        System.setProperty("ai.djl.offline", "true");
        // The library would cut texts at 512 tokens by default.
        Map<String, String> plain = Map.of("addSpecialTokens", "false", "truncation", "false", "padding", "false");
        byte[] json = base.tokenizerJson().getBytes(StandardCharsets.UTF_8);
        try {
            return new PromptTokenizer(
                    HuggingFaceTokenizer.newInstance(new ByteArrayInputStream(json), plain), base.specialTokens());
        } catch (IOException e) {
            throw new StageFailure(ExitCode.MISMATCH, "the tokenizer of " + base.path() + " can't be built", e);
        }
    }

    /** The prompt's token ids. */
    int[] encode(String prompt) {
        LongStream begin = special.bosByDefault() ? LongStream.of(special.bos().orElseThrow()) : LongStream.empty();
        LongStream ids = Arrays.stream(tokenizer.encode(prompt, false, false).getIds());
        return LongStream.concat(begin, ids).mapToInt(Math::toIntExact).toArray();
    }

    /** The text of token ids, without special tokens. */
    String decode(int[] tokens) {
        return tokenizer.decode(Arrays.stream(tokens).asLongStream().toArray(), true);
    }

    /** Ids that end a text: the model's own and the one that stands between documents in training. */
    List<Integer> endTokens() {
        return Stream.concat(special.eos().stream(), Stream.of(special.endOfText()))
                .distinct()
                .toList();
    }

    @Override
    public void close() {
        tokenizer.close();
    }
}
