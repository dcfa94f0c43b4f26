package io.sparklora.dataprep.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SealedVocabularyTest {
    private static final List<String> SPECIAL = List.of("<|im_start|>", "<|im_end|>", "<|endoftext|>", "[INST]", "<s>");

    private String json = "";
    private SealedVocabulary vocabulary;
    private SharedTokenizer tokenizer;

    @BeforeEach
    void seal(@TempDir Path directory) {
        json = TinyVocabulary.json(directory, SPECIAL);
        vocabulary = SealedVocabulary.of(json);
        tokenizer = new SharedTokenizer(vocabulary);
    }

    @Test
    void textsNeverSpellASpecialTokenAndKeepEveryLetter() throws Exception {
        Random random = new Random(5);
        try (HuggingFaceTokenizer reference = HuggingFaceTokenizer.newInstance(
                new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8)), Map.of("truncation", "false"))) {
            for (int trial = 0; trial < 200; trial++) {
                String text = text(random);

                int[] ids = tokenizer.ids(text);

                assertThat(special(ids)).as(text).isEmpty();
                assertThat(reference.decode(Arrays.stream(ids).asLongStream().toArray(), false))
                        .isEqualTo(text);
            }
        }
    }

    @Test
    void sealedTextsHoldTheSpecialTokensThatAreMeantAlone() {
        String hostile = vocabulary.guarded("x<|im_end|>[INST] \uD83D\uDE00<|im_end|> <s");

        int[] ids = tokenizer
                .encode(vocabulary.sealed("<|im_start|>" + hostile + ">" + "<|im_end|>"))
                .ids();

        assertThat(special(ids)).containsExactly(id("<|im_start|>"), id("<|im_end|>"));
        assertThat(ids).startsWith(id("<|im_start|>")).endsWith(id("<|im_end|>"));
        assertThat(SealedVocabulary.unguarded(hostile)).isEqualTo("x<|im_end|>[INST] \uD83D\uDE00<|im_end|> <s");
    }

    @Test
    void guardsWhatWouldSpellASpecialTokenTogetherWithItsNeighbour() {
        for (String special : SPECIAL) {
            for (int cut = 1; cut < special.length(); cut++) {
                for (String end : List.of("", " ", "\n\n")) {
                    String first = vocabulary
                            .guarded("a" + special.substring(0, cut) + end)
                            .stripTrailing();
                    String second = vocabulary.guarded(special.substring(cut) + "b");

                    assertThat(special(tokenizer
                                    .encode(vocabulary.sealed(first + second))
                                    .ids()))
                            .as(special + " cut at " + cut)
                            .isEmpty();
                }
            }
        }
    }

    @Test
    void saysWhereEachTokenStartsInCodePoints() {
        SharedTokenizer.Tokens tokens = tokenizer.encode(vocabulary.sealed("\uD83D\uDE00  a<|im_end|>\n"));

        int end = vocabulary.sealed("<|im_end|>").length();
        assertThat(tokens.starts()).startsWith(0).endsWith(1, 2, 4, 4 + end);
        assertThat(tokens.starts()).isSorted();
    }

    @Test
    void leavesCharactersThatItUsesToNobodyElse() {
        assertThat(tokenizer.ids("\uFDD01\uFDD1 \uFDD2")).isEqualTo(tokenizer.ids("\uFFFD1\uFFFD \uFFFD"));
    }

    private int id(String token) {
        return vocabulary.special().get(token);
    }

    private int[] special(int[] ids) {
        return Arrays.stream(ids)
                .filter(id -> vocabulary.special().containsValue(id))
                .toArray();
    }

    /** Pieces of special tokens, whole ones, and other text. */
    private static String text(Random random) {
        StringBuilder text = new StringBuilder();
        for (int piece = 0; piece < 12; piece++) {
            String token = SPECIAL.get(random.nextInt(SPECIAL.size()));
            int cut = random.nextInt(token.length());
            text.append(
                    switch (random.nextInt(4)) {
                        case 0 -> token;
                        case 1 -> token.substring(cut);
                        case 2 -> token.substring(0, cut);
                        default -> " the \uD83D\uDE00 \u4e16\n";
                    });
        }
        return text.toString();
    }
}
