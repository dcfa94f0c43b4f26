package io.sparklora.dataprep.step;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

final class PlainSpacingTest {
    private static final List<String> PARTS = List.of(
            "a",
            "b",
            " ",
            " ",
            "\t",
            "\u00A0",
            "\u2003",
            "\n",
            "\n",
            "\r\n",
            "\r",
            "\u000B",
            "\u0085",
            "\u2029",
            "\u0000",
            "\u00AD",
            "\u200B",
            "\uFEFF",
            "\uD83D\uDE00",
            "\u3000");

    @Test
    void writesTextsAsItSays() {
        assertThat(PlainSpacing.of("\uFEFF The  cat\t \r\n sat\u00AD.\u2028\n\n\nOn\u0007 it. \n"))
                .isEqualTo("The cat\nsat.\n\nOn it.");
        assertThat(PlainSpacing.of("")).isEmpty();
        assertThat(PlainSpacing.of(" \n\t")).isEmpty();
    }

    @Test
    void doesWhatReplacingOneThingAfterTheOtherDoes() {
        Random random = new Random(3);
        for (int round = 0; round < 5000; round++) {
            String text = random.ints(random.nextInt(24), 0, PARTS.size())
                    .mapToObj(PARTS::get)
                    .collect(Collectors.joining());

            assertThat(PlainSpacing.of(text)).as(text).isEqualTo(replaced(text));
        }
    }

    private static String replaced(String text) {
        return text.replaceAll("\r\n|[\r\u000B\u000C\u0085\u2028\u2029]", "\n")
                .replaceAll("[\u0000-\u0008\u000E-\u001F\u007F-\u009F\u00AD\u200B\u2060\uFEFF]", "")
                .replaceAll("[ \t\u00A0\u1680\u2000-\u200A\u202F\u205F\u3000]+", " ")
                .replaceAll(" ?\n ?", "\n")
                .replaceAll("\n{3,}", "\n\n")
                .replaceAll("^[ \n]+|[ \n]+$", "");
    }
}
