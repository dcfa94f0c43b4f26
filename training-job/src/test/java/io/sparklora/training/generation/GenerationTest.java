package io.sparklora.training.generation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Over a model whose next token is always the last one's successor, and a tokenizer of letters. */
final class GenerationTest {
    private static final int VOCABULARY = 30;
    private final List<Integer> appended = new ArrayList<>();

    private float[] successor(int... tokens) {
        for (int token : tokens) {
            appended.add(token);
        }
        float[] logits = new float[VOCABULARY];
        logits[tokens[tokens.length - 1] + 1] = 1;
        return logits;
    }

    private static String letters(int[] tokens) {
        StringBuilder text = new StringBuilder();
        for (int token : tokens) {
            text.append((char) ('a' + token));
        }
        return text.toString();
    }

    private Generation generation(List<Integer> endTokens, int maximumTokens) {
        return new Generation(
                this::successor,
                new Sampler(Sampling.GREEDY, 1),
                new TextStream(GenerationTest::letters),
                endTokens,
                maximumTokens);
    }

    @Test
    void goesOnWithThePromptUpToTheLimit() {
        StringBuilder text = new StringBuilder();

        Generation.Report report = generation(List.of(), 4).run(new int[] {0, 1}, () -> false, text::append);

        assertThat(text).hasToString("cdef");
        assertThat(report.promptTokens()).isEqualTo(2);
        assertThat(report.tokens()).isEqualTo(4);
        assertThat(report.ending()).isEqualTo(Generation.Ending.MAXIMUM_TOKENS);
    }

    @Test
    void computesNothingThatIsNotShown() {
        generation(List.of(), 4).run(new int[] {0, 1}, () -> false, piece -> {});

        assertThat(appended).containsExactly(0, 1, 2, 3, 4);
    }

    @Test
    void endsBeforeAnEndTokenAndDoesNotShowIt() {
        StringBuilder text = new StringBuilder();

        Generation.Report report = generation(List.of(9, 4), 20).run(new int[] {0}, () -> false, text::append);

        assertThat(text).hasToString("bcd");
        assertThat(report.tokens()).isEqualTo(3);
        assertThat(report.ending()).isEqualTo(Generation.Ending.END_OF_TEXT);
    }

    @Test
    void stopsWhenItIsTold() {
        StringBuilder text = new StringBuilder();

        Generation.Report report = generation(List.of(), 20).run(new int[] {0}, () -> text.length() == 2, text::append);

        assertThat(text).hasToString("bc");
        assertThat(report.ending()).isEqualTo(Generation.Ending.STOPPED);
    }
}
