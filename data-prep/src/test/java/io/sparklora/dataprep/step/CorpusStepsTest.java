package io.sparklora.dataprep.step;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparklora.dataprep.SharedSpark;
import io.sparklora.pipeline.config.CorpusConfig;
import io.sparklora.pipeline.config.PrepareConfig;
import io.sparklora.pipeline.config.PrepareConfig.Oversized;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class CorpusStepsTest {
    private static final StructType SCHEMA = StructType.fromDDL(
            "source int not null, file string, row bigint, document_id string, licence string, text string,"
                    + " findings array<bigint>, dropped struct<step: string, reason: string, measured: double,"
                    + " threshold: double, survivor_id: string, found: string>");
    private static final String FOOTER = "All rights reserved, Example Ltd.";

    private record Given(int source, String licence, String text) {}

    @Test
    void removesLinesThatRecurOverMoreThanAShareOfASourcesTexts() {
        List<Given> documents = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            documents.add(new Given(0, "", "first of " + i + "\n\n" + FOOTER + "\n\nlast of " + i + "\n}"));
            documents.add(new Given(1, "", i == 0 ? FOOTER + " and more\n" + FOOTER : "other text " + i));
        }
        Step step = new RemoveRecurringLines(new PrepareConfig.RecurringLines(0.5, 3, 5));

        List<String> texts = texts(step, documents);

        assertThat(texts.get(0)).isEqualTo("first of 0\n\nlast of 0\n}");
        assertThat(texts.get(1)).isEqualTo(FOOTER + " and more\n" + FOOTER);
        assertThat(texts).filteredOn(text -> text.contains(FOOTER)).hasSize(1);
    }

    @Test
    void takesNoDocumentForItsOwnBoilerplateBecauseItIsThereOften() {
        List<Given> documents = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            documents.add(new Given(0, "", i < 15 ? "the same text everywhere" : "another text, number " + i));
        }
        Step step = new RemoveRecurringLines(new PrepareConfig.RecurringLines(0.3, 2, 1));

        assertThat(texts(step, documents))
                .filteredOn("the same text everywhere"::equals)
                .hasSize(15);
    }

    @Test
    void keepsALineAtTheThresholdAndRemovesItAboveIt() {
        List<Given> half = List.of(
                new Given(0, "", FOOTER + "\na"), new Given(0, "", FOOTER + "\nb"),
                new Given(0, "", "c"), new Given(0, "", "d"));

        assertThat(texts(new RemoveRecurringLines(new PrepareConfig.RecurringLines(0.5, 2, 1)), half))
                .containsExactly(FOOTER + "\na", FOOTER + "\nb", "c", "d");
        assertThat(texts(new RemoveRecurringLines(new PrepareConfig.RecurringLines(0.49, 2, 1)), half))
                .containsExactly("a", "b", "c", "d");
    }

    @Test
    void splitsWhatIsTooLongAtParagraphsLinesOrSpacesAndLosesNothing() {
        Step step = new SplitOversized(new PrepareConfig.Length(1, 20, Oversized.SPLIT));

        List<Row> parts = apply(
                step,
                List.of(
                        new Given(0, "", "short"),
                        new Given(0, "", "one two three\n\nfour five six"),
                        new Given(0, "", "x".repeat(45))));

        assertThat(parts)
                .extracting(row -> row.getAs(Documents.ID) + " " + row.getAs(Documents.TEXT))
                .containsExactly(
                        "d0 short",
                        "d1~part1 one two three",
                        "d1~part2 four five six",
                        "d2~part1 " + "x".repeat(15),
                        "d2~part2 " + "x".repeat(15),
                        "d2~part3 " + "x".repeat(15));
    }

    @Test
    void neverCutsACodePointInTwo() {
        assertThat(SplitOversized.parts("\uD83D\uDE00".repeat(5), 2))
                .containsExactly("\uD83D\uDE00\uD83D\uDE00", "\uD83D\uDE00\uD83D\uDE00", "\uD83D\uDE00");
    }

    @Test
    void countsWhatWasFoundAndDoneInASplitDocumentOnce() {
        List<Row> rows = List.of(RowFactory.create(0, "f", 1L, "d", "", "a  b c d e f", new long[] {3}, null));

        List<Row> parts = new SplitOversized(new PrepareConfig.Length(1, 6, Oversized.SPLIT))
                .apply(new NormaliseText(PrepareConfig.Unicode.NFC)
                        .apply(SharedSpark.session().createDataFrame(rows, SCHEMA)))
                .selectExpr(
                        "sum(findings[0])",
                        "count(1)",
                        "sum(`counted:normalise:changed-documents`)",
                        "sum(`counted:oversized:split-documents`)",
                        "sum(`counted:oversized:parts`)")
                .collectAsList();

        assertThat(parts).extracting(Row::toString).containsExactly("[3,2,1,1,2]");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "MIT                               | kept",
                "mit                               | kept",
                "GPL-3.0-only                      | dropped",
                "GPL-3.0-only OR MIT               | kept",
                "Apache-2.0 AND GPL-3.0-only       | dropped",
                "MIT OR (Apache-2.0 AND BSD-3-Clause) | kept",
                "Apache-2.0 WITH LLVM-exception    | dropped",
                "Proprietary (ask us               | dropped",
                "''                                | dropped",
                "CC-BY-NC-4.0                      | dropped",
            })
    void keepsLicencesThatAreAllowedAndNotDenied(String licence, String fate) {
        Step step = new CheckLicence(
                new CorpusConfig.Licences(List.of("MIT", "Apache-2.0", "CC-BY-NC-4.0"), List.of("CC-BY-NC-4.0")));

        List<Row> documents = apply(step, List.of(new Given(0, licence, "text")));

        assertThat(documents.get(0).getAs(Documents.DROPPED) == null ? "kept" : "dropped")
                .isEqualTo(fate);
        if (fate.equals("dropped")) {
            assertThat(documents.get(0).<Row>getAs(Documents.DROPPED).<String>getAs("found"))
                    .isEqualTo(licence);
        }
        assertThat(step.reasons()).containsExactly(new DropReason("licence", "licence-not-allowed"));
    }

    @Test
    void deniesWithoutAnAllowListAndAllowsWhatHasNoLicenceWhereItIsNamed() {
        Step deny = new CheckLicence(new CorpusConfig.Licences(List.of(), List.of("GPL-3.0-only")));
        Step none = new CheckLicence(new CorpusConfig.Licences(List.of(""), List.of()));

        assertThat(texts(deny, List.of(new Given(0, "", "a"), new Given(0, "GPL-3.0-only", "b"))))
                .containsExactly("a", null);
        assertThat(texts(none, List.of(new Given(0, "", "a"), new Given(0, "MIT", "b"))))
                .containsExactly("a", null);
    }

    @Test
    void makesPlainTextOfMarkdownOfTheSourcesThatSaySo() {
        String markdown = "# Title\n\nSome *emphasis*, a [link](https://example.com) and `code`.\n\n- one\n- two\n\n"
                + "```html\n<p>kept</p>\n```\n";
        Step step = new StripMarkup(PrepareConfig.Html.AUTO, Set.of(1));

        List<String> texts = texts(step, List.of(new Given(0, "", "# *a*"), new Given(1, "", markdown)));

        assertThat(texts.get(0)).isEqualTo("# *a*");
        assertThat(texts.get(1)).isEqualTo("Title\n\nSome emphasis, a link and code.\n\none\ntwo\n\n<p>kept</p>");
    }

    @Test
    void survivesMarkdownThatNestsWithoutEnd() {
        Step step = new StripMarkup(PrepareConfig.Html.KEEP, Set.of(0));

        for (String piece : List.of("> ", "- ", "[", "![", "*a _b ", "<div>", "**")) {
            assertThat(texts(step, List.of(new Given(0, "", piece.repeat(5_000) + "end"))))
                    .singleElement()
                    .asString()
                    .contains("end");
        }
        assertThat(texts(step, List.of(new Given(0, "", "*a ".repeat(20_000) + "end" + "b*".repeat(20_000)))))
                .singleElement()
                .asString()
                .contains("end");
    }

    private static List<String> texts(Step step, List<Given> documents) {
        return apply(step, documents).stream()
                .map(row -> row.<String>getAs(Documents.TEXT))
                .toList();
    }

    private static List<Row> apply(Step step, List<Given> documents) {
        List<Row> rows = new ArrayList<>();
        for (Given document : documents) {
            int number = rows.size();
            rows.add(RowFactory.create(
                    document.source(),
                    "file",
                    (long) number,
                    "d" + number,
                    document.licence(),
                    document.text(),
                    null,
                    null));
        }
        return step.apply(SharedSpark.session().createDataFrame(rows, SCHEMA))
                .orderBy(Documents.ROW, Documents.ID)
                .collectAsList();
    }
}
