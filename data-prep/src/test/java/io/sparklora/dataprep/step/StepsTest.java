package io.sparklora.dataprep.step;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.assertj.core.api.Assertions.assertThat;

import io.sparklora.dataprep.SharedSpark;
import io.sparklora.pipeline.config.PrepareConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;

final class StepsTest {
    private static final StructType SCHEMA = StructType.fromDDL(
            "source int not null, file string, row bigint, document_id string, licence string, text string,"
                    + " dropped struct<step: string, reason: string, measured: double, threshold: double,"
                    + " survivor_id: string, found: string>");

    @Test
    void normalisesUnicodeLinesSpacesAndControlCharacters() {
        Step nfc = new NormaliseText(PrepareConfig.Unicode.NFC);

        assertThat(texts(
                        nfc,
                        "e\u0301 \uFB01",
                        "a\r\nb\rc\u2028d\fe",
                        "\uFEFFx\u0000y\u200Bz\u00AD",
                        " a \t\u00A0 b \n \n \n\n c \n"))
                .containsExactly("\u00E9 \uFB01", "a\nb\nc\nd\ne", "xyz", "a b\n\nc");
        assertThat(texts(new NormaliseText(PrepareConfig.Unicode.NFKC), "\uFB01"))
                .containsExactly("fi");
        assertThat(texts(new NormaliseText(PrepareConfig.Unicode.NONE), "e\u0301"))
                .containsExactly("e\u0301");
    }

    @Test
    void countsTheDocumentsWhoseTextIsAnotherOneAfterwards() {
        Step nfc = new NormaliseText(PrepareConfig.Unicode.NFC);
        Step markup = new StripMarkup(PrepareConfig.Html.AUTO, Set.of());

        assertThat(counts(nfc, "as it was", "a  b", "e\u0301")).containsExactly(null, 1, 1);
        assertThat(counts(markup, "<p>One</p>", "1 < 2")).containsExactly(1, null);
        assertThat(new StripMarkup(PrepareConfig.Html.KEEP, Set.of()).changes()).isEmpty();
        assertThat(new StripMarkup(PrepareConfig.Html.KEEP, Set.of(0)).changes())
                .containsExactly(new TextChange("markup", "changed-documents"));
    }

    private static List<Integer> counts(Step step, String... texts) {
        TextChange change = step.changes().get(0);
        return documents(step, texts).stream()
                .map(row -> row.<Integer>getAs("counted:" + change.step() + ":" + change.word()))
                .toList();
    }

    @Test
    void keepsTheDuplicateOfTheHeaviestSource() {
        Dataset<Row> documents = SharedSpark.session()
                .createDataFrame(List.of(row(0, "light", 1L, "x"), row(1, "heavy", 1L, "x")), SCHEMA)
                .withColumn(Documents.WEIGHT, col(Documents.SOURCE).plus(0.5));

        assertThat(new DropExactDuplicates(PrepareConfig.Deduplicate.EXACT)
                        .apply(documents)
                        .where(col(Documents.DROPPED).isNull())
                        .select(Documents.ID)
                        .as(org.apache.spark.sql.Encoders.STRING())
                        .collectAsList())
                .containsExactly("heavy");
    }

    @Test
    void ofEquallyHeavySourcesTheLongestDocumentRanksFirstThenTheLowestId() {
        Dataset<Row> documents = SharedSpark.session()
                .createDataFrame(
                        List.of(
                                row(0, "of the first source", 1L, "long"),
                                row(2, "b", 1L, "longer"),
                                row(1, "c", 1L, "longer"),
                                row(2, "a", 3L, "longer"),
                                row(3, "a", 2L, "longer"),
                                row(1, "a", 3L, "longer")),
                        SCHEMA)
                .withColumn(Documents.WEIGHT, lit(1.0));

        assertThat(documents.orderBy(Survivor.rank()).collectAsList())
                .extracting(row -> row.getAs(Documents.ID) + " of " + row.getAs(Documents.SOURCE))
                .containsExactly("a of 3", "a of 1", "a of 2", "b of 2", "c of 1", "of the first source of 0");
    }

    @Test
    void stripsWhatLooksLikeHtmlAndNothingElse() {
        Step auto = new StripMarkup(PrepareConfig.Html.AUTO, Set.of());

        assertThat(texts(auto, "<P>One</P><p>two", "Copyright <year> <name@host>\n1 < 2", "a<BR/>b"))
                .containsExactly("One\n\ntwo", "Copyright <year> <name@host>\n1 < 2", "a\nb");
        assertThat(texts(new StripMarkup(PrepareConfig.Html.KEEP, Set.of()), "<p>One</p>"))
                .containsExactly("<p>One</p>");
        assertThat(texts(new StripMarkup(PrepareConfig.Html.STRIP, Set.of()), "<year>\nx"))
                .containsExactly("x");
    }

    @Test
    void dropsByLengthInCodePointsWithTheMeasureAndTheLimit() {
        Step limits = new LimitLength(new PrepareConfig.Length(3, 5, PrepareConfig.Oversized.DROP));

        List<Row> documents = documents(limits, "\uD83D\uDE00\uD83D\uDE00", "abc", "abcde", "abcdef");

        assertThat(documents)
                .extracting(row -> row.getAs(Documents.DROPPED) == null
                        ? ""
                        : row.getAs(Documents.DROPPED).toString())
                .containsExactly("[length,too-short,2.0,3.0,null,null]", "", "", "[length,too-long,6.0,5.0,null,null]");
        assertThat(documents.get(0).<String>getAs(Documents.TEXT)).isNull();
    }

    @Test
    void keepsTheDuplicateOfTheLowestIdWhateverItsSourceAndNamesIt() {
        Dataset<Row> documents = SharedSpark.session()
                .createDataFrame(
                        List.of(
                                row(1, "a", 1L, "same"),
                                row(0, "z", 2L, "same"),
                                row(0, "m", null, "same"),
                                row(0, "m", 4L, "same"),
                                row(0, "b", 5L, "other")),
                        SCHEMA)
                .withColumn(Documents.WEIGHT, lit(1.0));

        List<Row> judged = new DropExactDuplicates(PrepareConfig.Deduplicate.EXACT)
                .apply(documents)
                .orderBy("source", "document_id", "row")
                .collectAsList();

        assertThat(judged)
                .extracting(row -> row.<String>getAs(Documents.ID) + " "
                        + (row.getAs(Documents.DROPPED) == null
                                ? "kept"
                                : row.<Row>getAs(Documents.DROPPED).getString(4)))
                .containsExactly("b kept", "m a", "m a", "z a", "a kept");
        assertThat(new DropExactDuplicates(PrepareConfig.Deduplicate.NONE).apply(documents))
                .isSameAs(documents);
    }

    @Test
    void tellsDocumentsWithOneIdApartByTheirTexts() {
        Dataset<Row> documents = SharedSpark.session()
                .createDataFrame(List.of(row(0, "a", 1L, "x"), row(1, "a", 1L, "y"), row(0, "b", 1L, "x")), SCHEMA)
                .withColumn(Documents.WEIGHT, lit(1.0));

        assertThat(new DistinguishIds().apply(documents).collectAsList())
                .extracting(row -> row.<String>getAs(Documents.ID))
                .containsExactlyInAnyOrder("a~2d711642", "a~a1fce436", "b");
    }

    private static List<String> texts(Step step, String... texts) {
        return documents(step, texts).stream()
                .map(row -> row.<String>getAs(Documents.TEXT))
                .toList();
    }

    private static List<Row> documents(Step step, String... texts) {
        List<Row> rows = new ArrayList<>();
        for (String text : texts) {
            rows.add(row(0, "id" + rows.size(), (long) rows.size(), text));
        }
        return step.apply(SharedSpark.session().createDataFrame(rows, SCHEMA))
                .orderBy(Documents.ROW)
                .collectAsList();
    }

    private static Row row(int source, String id, Long row, String text) {
        return RowFactory.create(source, "file", row, id, "", text, null);
    }
}
