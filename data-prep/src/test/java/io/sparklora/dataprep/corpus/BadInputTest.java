package io.sparklora.dataprep.corpus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparklora.dataprep.CorpusDirectory;
import io.sparklora.dataprep.SharedSpark;
import io.sparklora.dataprep.corpus.Corpus.SourceRows;
import io.sparklora.dataprep.step.Documents;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.config.CorpusConfig;
import io.sparklora.pipeline.config.SourceConfig;
import io.sparklora.pipeline.config.SourceConfig.Format;
import io.sparklora.pipeline.config.SourceConfig.TextUnit;
import io.sparklora.pipeline.config.Window;
import io.sparklora.pipeline.run.Storage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Malformed rows, files that do not fit together, windows and empty sources. */
final class BadInputTest {
    private final SparkSession spark = SharedSpark.session();
    private final Storage storage = new Storage(new Configuration());

    @TempDir
    private Path directory;

    private CorpusDirectory files;

    @BeforeEach
    void inFreshDirectory() {
        files = new CorpusDirectory(directory);
    }

    @Test
    void countsTheCsvRowOfAnUnclosedQuoteAndReadsTheRowsAfterIt() {
        files.write("a.csv", "id,text\n1,one\n2,\"never closed\n3,three\n4,\"four\"\n");

        assertThat(read(files.source(Format.CSV, "a.csv")))
                .containsExactly("a.csv#1 one", "a.csv#2 unclosed-quote", "a.csv#3 three", "a.csv#4 four");
    }

    @Test
    void namesFileAndRowOfAnUnclosedQuoteWhereItIsOneTooMany() {
        files.write("a.csv", "id,text\n1,one\n2,\"never closed\n3,three\n");

        assertThatThrownBy(() -> check(CorpusDirectory.corpus(0.1, files.source(Format.CSV, "a.csv"))))
                .isInstanceOf(StageFailure.class)
                .hasMessage("1 of 3 rows (33.33 %) are malformed, more than corpus.bad-rows 0.1 allows;"
                        + " the first is a.csv#2 of corpus.sources.0 (unclosed-quote)");
    }

    @Test
    void findsColumnsByNameInEachFileAndMarksTheRowsOfOneThatLacksThem() {
        files.write("a.csv", "id,text\n1,one\n");
        files.write("b.csv", "text,more,id\ntwo,x,2\n");
        files.write("c.csv", "id,body\n3,three\n");

        assertThat(read(files.source(Format.CSV, "*.csv")))
                .containsExactly("a.csv#1 one", "b.csv#1 two", "c.csv#1 no-column");
    }

    @Test
    void readsCompressedCsvAndMarksWhatIsNotUtf8() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
            gzip.write("id,text\n1,caf\u00E9\n2,plain\n".getBytes(StandardCharsets.ISO_8859_1));
        }
        files.write("a.csv.gz", bytes.toByteArray());

        assertThat(read(files.source(Format.CSV, "a.csv.gz")))
                .containsExactly("a.csv.gz#1 invalid-encoding", "a.csv.gz#2 plain");
    }

    @ParameterizedTest
    @CsvSource({"a, b", "b, a"})
    void countsTheRowsOfAParquetFileThatLacksTheColumnWhicheverComesFirst(String sound, String lacking) {
        spark.range(2).selectExpr("'a text' as text", "id").coalesce(1).write().parquet(directory + "/p/" + sound);
        spark.range(3).selectExpr("id").coalesce(1).write().parquet(directory + "/p/" + lacking);
        SourceConfig source = files.source(Format.PARQUET, "p");

        assertThat(check(CorpusDirectory.corpus(1, source)).sources()).containsExactly(new SourceRows(0, 5, 3, 0));
        assertThatThrownBy(() -> check(CorpusDirectory.corpus(0.5, source)))
                .isInstanceOf(StageFailure.class)
                .hasMessageMatching("3 of 5 rows \\(60.00 %\\) are malformed, more than corpus.bad-rows 0.5 allows;"
                        + " the first is " + lacking + "/part-.*\\.parquet#1 of corpus.sources.0 \\(no-column\\)");
    }

    @ParameterizedTest
    @CsvSource({"a, b", "b, a"})
    void countsTheRowsOfAParquetFileWhoseColumnHasAnotherTypeWhicheverComesFirst(String sound, String changed) {
        spark.range(2).selectExpr("'a text' as text", "id").coalesce(1).write().parquet(directory + "/p/" + sound);
        spark.range(3).selectExpr("id as text", "id").coalesce(1).write().parquet(directory + "/p/" + changed);
        SourceConfig source = files.source(Format.PARQUET, "p");

        assertThat(check(CorpusDirectory.corpus(1, source)).sources()).containsExactly(new SourceRows(0, 5, 3, 0));
        assertThatThrownBy(() -> check(CorpusDirectory.corpus(0.5, source)))
                .isInstanceOf(StageFailure.class)
                .hasMessageMatching("3 of 5 rows .* the first is " + changed
                        + "/part-.*\\.parquet#1 of corpus.sources.0 \\(not-a-string\\)");
    }

    @ParameterizedTest
    @CsvSource({"a, b", "b, a"})
    void countsTheRowsOfAParquetFileWhoseWindowColumnIsNoTimeWhicheverComesFirst(String sound, String changed) {
        spark.range(2)
                .selectExpr("'a text' as text", "id", "date'2026-01-01' as day")
                .coalesce(1)
                .write()
                .parquet(directory + "/p/" + sound);
        spark.range(3)
                .selectExpr("'a text' as text", "id", "id as day")
                .coalesce(1)
                .write()
                .parquet(directory + "/p/" + changed);

        Corpus.Checked checked = check(CorpusDirectory.corpus(1, windowed(Format.PARQUET, "p")));

        assertThat(checked.sources()).containsExactly(new SourceRows(0, 5, 3, 0));
        assertThat(checked.documents().where("dropped.reason = 'no-date'").count())
                .isEqualTo(3);
    }

    @Test
    void readsEachParquetFileByItsOwnTypesWhereAllCanBeRead() {
        spark.sql("select 'one' as text, 7L as id").write().parquet(directory + "/p/[a]");
        spark.sql("select 'two' as text, 'x' as id, 1 as more").write().parquet(directory + "/p/b");

        assertThat(Corpus.open(spark, storage, CorpusDirectory.corpus(0, files.source(Format.PARQUET, "p")))
                        .read()
                        .orderBy(Documents.FILE)
                        .collectAsList())
                .extracting(row -> row.getAs(Documents.ID) + " " + row.getAs(Documents.TEXT))
                .containsExactly("7 one", "x two");
    }

    @Test
    void namesTheFileAmongOthersThatIsNoParquet() {
        spark.sql("select 'one' as text, 7L as id").write().parquet(directory + "/p/a");
        files.write("p/b.parquet", "PAR1 and then nothing");

        assertThatThrownBy(() -> check(CorpusDirectory.corpus(1, files.source(Format.PARQUET, "p"))))
                .isInstanceOf(StageFailure.class)
                .hasMessage("corpus.sources.0 (" + directory
                        + "/p) has a file that is no Parquet, or was cut off: b.parquet");
    }

    @ParameterizedTest
    @CsvSource({"a, b", "b, a"})
    void countsTheRowsOfAJsonFileThatLacksTheFieldOrHoldsAnotherTypeWhicheverComesFirst(String sound, String other) {
        files.write(sound + ".jsonl", "{\"id\": 1, \"text\": \"one\"}\n");
        files.write(other + ".jsonl", "{\"id\": 2, \"body\": \"two\"}\n{\"id\": 3, \"text\": 3}\n");

        assertThat(read(files.source(Format.JSON_LINES, "*.jsonl")))
                .containsExactlyInAnyOrder(
                        sound + ".jsonl#1 one", other + ".jsonl#1 no-text", other + ".jsonl#2 not-a-string");
    }

    @Test
    void countsTheRowsOfTheFirstCsvFileThatLacksTheColumn() {
        files.write("a.csv", "id,body\n1,one\n");
        files.write("b.csv", "id,text\n2,two\n3,three\n");
        SourceConfig source = files.source(Format.CSV, "*.csv");

        assertThat(read(source)).containsExactly("a.csv#1 no-column", "b.csv#1 two", "b.csv#2 three");
        assertThatThrownBy(() -> check(CorpusDirectory.corpus(0.1, source)))
                .hasMessageEndingWith("the first is a.csv#1 of corpus.sources.0 (no-column)");
    }

    @Test
    void refusesAnEmptySourceBesideOthersUnlessItIsAllowed() {
        files.write("a.txt", "text");
        files.write("blank.csv", "id,text\n");
        SourceConfig full = files.source(Format.TEXT, "a.txt", List.of());
        SourceConfig empty = files.source(Format.CSV, "blank.csv");

        assertThatThrownBy(() -> check(CorpusDirectory.corpus(1, full, empty)))
                .isInstanceOf(StageFailure.class)
                .hasMessage("corpus.sources.1 (" + directory + "/blank.csv) holds no documents;"
                        + " corpus.empty-sources: allow lets the others do without it");
        CorpusConfig allowed = new CorpusConfig(
                List.of(full, empty),
                1,
                CorpusConfig.EmptySources.ALLOW,
                new CorpusConfig.Licences(List.of(), List.of()));
        assertThat(check(allowed).sources()).containsExactly(new SourceRows(0, 1, 0, 0), new SourceRows(1, 0, 0, 0));
    }

    @Test
    void leavesOutRowsBeforeAndAfterTheWindowAndCountsThem() {
        files.write(
                "a.csv",
                "id,text,day\n1,before,2025-12-31T23:59:59Z\n2,first,2026-01-01\n3,last,2026-01-31T23:59:59\n"
                        + "4,after,2026-02-01 00:00:00\n5,never,soon\n6,shifted,2026-02-01T00:30:00+01:00\n");

        Corpus.Checked checked = check(CorpusDirectory.corpus(1, windowed(Format.CSV, "a.csv")));

        assertThat(lines(checked.documents()))
                .containsExactly("a.csv#2 first", "a.csv#3 last", "a.csv#5 no-date", "a.csv#6 shifted");
        assertThat(checked.sources()).containsExactly(new SourceRows(0, 4, 1, 2));
        assertThat(checked.rows()).isEqualTo(4);
    }

    @Test
    void appliesTheWindowToEveryFormatWithColumns() {
        files.write(
                "a.jsonl",
                "{\"id\": 1, \"text\": \"in\", \"day\": \"2026-01-15\"}\n{\"id\": 2, \"text\": \"out\", \"day\": \"2026-03-01\"}\n"
                        + "{\"id\": 3, \"text\": \"without\"}\n");
        spark.sql("select 'in' as text, date'2026-01-01' as day, 1 as id union all"
                        + " select 'out', date'2026-02-01', 2")
                .coalesce(1)
                .write()
                .parquet(directory + "/p");

        Corpus.Checked lines = check(CorpusDirectory.corpus(1, windowed(Format.JSON_LINES, "a.jsonl")));
        Corpus.Checked parquet = check(CorpusDirectory.corpus(1, windowed(Format.PARQUET, "p")));

        assertThat(lines.sources()).containsExactly(new SourceRows(0, 2, 1, 1));
        assertThat(parquet.sources()).containsExactly(new SourceRows(0, 1, 0, 1));
    }

    @Test
    void refusesAWindowColumnThatIsNoTime() {
        spark.range(2).selectExpr("'a' as text", "id", "id as day").write().parquet(directory + "/p");

        assertThatThrownBy(() -> check(CorpusDirectory.corpus(1, windowed(Format.PARQUET, "p"))))
                .hasMessage("corpus.sources.0.window.column (" + directory
                        + "/p) names 'day', which must be a date, a timestamp or a string but is BIGINT");
    }

    @Test
    void givesEveryDocumentItsSourcesWeightAndLanguage() {
        files.write("a.txt", "text");
        SourceConfig source = CorpusDirectory.source(
                Format.TEXT,
                directory + "/a.txt",
                "",
                List.of("text"),
                List.of(),
                "",
                "",
                TextUnit.FILE,
                2.5,
                "pt-BR",
                CorpusDirectory.EVER);

        Row document = check(CorpusDirectory.corpus(0, source)).documents().first();

        assertThat(document.<Double>getAs(Documents.WEIGHT)).isEqualTo(2.5);
        assertThat(document.<String>getAs(Documents.SOURCE_LANGUAGE)).isEqualTo("por");
    }

    private SourceConfig windowed(Format format, String pattern) {
        return CorpusDirectory.source(
                format,
                directory + "/" + pattern,
                "",
                List.of("text"),
                List.of("id"),
                "",
                "",
                TextUnit.FILE,
                1,
                "",
                new Window("day", "2026-01-01", "2026-02-01T00:00:00Z"));
    }

    private Corpus.Checked check(CorpusConfig config) {
        Corpus corpus = Corpus.open(spark, storage, config);
        return corpus.checked(corpus.read());
    }

    private List<String> read(SourceConfig source) {
        return lines(
                Corpus.open(spark, storage, CorpusDirectory.corpus(1, source)).read());
    }

    /** file#row and text or defect. */
    private static List<String> lines(org.apache.spark.sql.Dataset<Row> documents) {
        return documents
                .orderBy(Documents.FILE, Documents.ROW)
                .selectExpr("concat(file, '#', row, ' ', coalesce(text, dropped.reason))")
                .collectAsList()
                .stream()
                .map(row -> row.getString(0))
                .toList();
    }
}
