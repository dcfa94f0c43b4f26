package io.sparklora.training.evaluation;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

final class ProgressLineTest {
    @Test
    void printsALineATenthWhereThereIsNoTerminal() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        try (ProgressLine line = new ProgressLine(new PrintStream(bytes, true, StandardCharsets.UTF_8), 40)) {
            for (long losses : new long[] {0, 1, 3, 4, 5, 4, 12, 40, 44}) {
                line.computed(losses);
            }
        }

        assertThat(bytes.toString(StandardCharsets.UTF_8))
                .isEqualToNormalizingNewlines(
                        "evaluate  batch 4/40\nevaluate  batch 12/40\nevaluate  batch 40/40\n");
    }
}
