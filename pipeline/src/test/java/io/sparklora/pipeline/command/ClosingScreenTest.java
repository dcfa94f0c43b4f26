package io.sparklora.pipeline.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparklora.pipeline.run.StageResult.Summary;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ClosingScreenTest {
    @Test
    void outcomesStartInOneColumn() {
        List<String> lines = ClosingScreen.lines(List.of(
                new Summary(
                        "prepared",
                        "760 documents -> 605 kept, 155 dropped (exact duplicate 96, too short 59)",
                        "925,000 tokens, 1,830 sequences"),
                new Summary("trained", "60 steps on 2 executors, 5.1 min, 402 tokens/s", "loss 2.90 -> 2.32"),
                new Summary("evaluated", "held-out perplexity, 40 documents: base 17.6 -> adapter 9.9", ""),
                new Summary("published", "spdx-licences v1 (champion)", "registry/spdx-licences/v1"),
                ClosingScreen.tryIt("bin/spark-lora", "registry/spdx-licences/v1", "Permission is hereby granted")));

        assertThat(String.join("\n", lines)).isEqualTo("""
                        prepared   760 documents -> 605 kept, 155 dropped (exact duplicate 96, too short 59)   925,000 tokens, 1,830 sequences
                        trained    60 steps on 2 executors, 5.1 min, 402 tokens/s                              loss 2.90 -> 2.32
                        evaluated  held-out perplexity, 40 documents: base 17.6 -> adapter 9.9
                        published  spdx-licences v1 (champion)                                                 registry/spdx-licences/v1
                        try it     bin/spark-lora generate registry/spdx-licences/v1 --prompt "Permission is hereby granted\"""");
    }

    @Test
    void aLoneLineHasNoTrailingSpaces() {
        assertThat(ClosingScreen.lines(List.of(new Summary("evaluated", "base 17.6", ""))))
                .containsExactly("evaluated  base 17.6");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            plain-word_1.json | plain-word_1.json    | "plain-word_1.json"
            two words         | 'two words'          | "two words"
            it's              | 'it'\\''s'           | "it's"
            $HOME `x` "y" \\  | '$HOME `x` "y" \\'   | "\\$HOME \\`x\\` \\"y\\" \\\\"
            local-cluster[2,1,1024] | 'local-cluster[2,1,1024]' | "local-cluster[2,1,1024]"
            """)
    void wordsAreQuotedForAShell(String word, String quoted, String doubleQuoted) {
        assertThat(ShellWords.quoted(word)).isEqualTo(quoted);
        assertThat(ShellWords.doubleQuoted(word)).isEqualTo(doubleQuoted);
    }
}
