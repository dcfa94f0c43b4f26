package io.sparklora.dataprep.corpus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparklora.dataprep.CorpusDirectory;
import io.sparklora.dataprep.SharedSpark;
import io.sparklora.dataprep.step.Documents;
import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.config.CorpusConfig;
import io.sparklora.pipeline.config.SourceConfig;
import io.sparklora.pipeline.config.SourceConfig.Format;
import io.sparklora.pipeline.config.SourceConfig.TextUnit;
import io.sparklora.pipeline.run.ContentKey;
import io.sparklora.pipeline.run.Storage;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class CorpusTest {
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
    void readsADocumentFromEachJsonFileAndFromEachElementOfAnArray() {
        files.write("a b+c.json", "\uFEFF{\"id\": 7, \"text\": \"first\", \"other\": [1, {\"x\": 2}]}");
        files.write("deep/list.json", "[{\"text\": \"second\"}, {\"id\": \"t\", \"text\": \"third\"}]");
        files.write("_hidden.json", "{\"text\": \"never\"}");

        assertThat(read(files.source(Format.JSON, "")))
                .containsExactly(
                        "a b+c.json|null|7|first",
                        "deep/list.json|1|deep/list.json#1|second",
                        "deep/list.json|2|t|third");
    }

    @Test
    void takesTheFirstOfSeveralFieldsThatHasAValue() {
        files.write("licence.json", "{\"licenceText\": \"a licence\", \"licenceId\": \"L\"}");
        files.write(
                "exception.json",
                "{\"licenceText\": null, \"exceptionText\": \"an exception\", \"exceptionId\": \"E\"}");
        SourceConfig source = CorpusDirectory.source(
                Format.JSON,
                directory + "/*.json",
                "",
                List.of("licenceText", "exceptionText"),
                List.of("licenceId", "exceptionId"),
                "CC0-1.0",
                "",
                TextUnit.FILE);

        assertThat(read(source)).containsExactly("exception.json|null|E|an exception", "licence.json|null|L|a licence");
    }

    @Test
    void numbersTheLinesOfJsonLinesWhateverTheBlocks() throws Exception {
        StringBuilder lines = new StringBuilder("\n");
        for (int i = 2; i <= 300; i++) {
            lines.append("{\"text\": \"line ").append(i).append("\"}\r\n");
        }
        files.write("x.jsonl", lines.toString());

        List<String> documents = SharedSpark.with(
                Map.of("spark.sql.files.maxPartitionBytes", "1000"),
                () -> read(files.source(Format.JSON_LINES, "x.jsonl", List.of())));

        assertThat(documents).hasSize(299).contains("x.jsonl|2|x.jsonl#2|line 2", "x.jsonl|300|x.jsonl#300|line 300");
    }

    @Test
    void readsParquetWithItsRowNumbersAndLicences() {
        StructType schema = new StructType()
                .add("body", DataTypes.StringType)
                .add("key", DataTypes.LongType)
                .add("rights", DataTypes.StringType);
        spark.createDataFrame(List.of(RowFactory.create("one", 1L, "MIT"), RowFactory.create("two", null, "")), schema)
                .coalesce(1)
                .write()
                .parquet(directory + "/p");
        SourceConfig source = CorpusDirectory.source(
                Format.PARQUET,
                directory + "/p",
                "",
                List.of("body"),
                List.of("key"),
                "Apache-2.0",
                "rights",
                TextUnit.FILE);

        Dataset<Row> documents =
                Corpus.open(spark, storage, CorpusDirectory.corpus(0, source)).read();

        assertThat(documents
                        .orderBy(Documents.ROW)
                        .select(Documents.ROW, Documents.LICENCE, Documents.TEXT)
                        .collectAsList())
                .extracting(Row::toString)
                .containsExactly("[1,MIT,one]", "[2,Apache-2.0,two]");
        assertThat(documents.where("row = 1").first().<String>getAs(Documents.ID))
                .isEqualTo("1");
        assertThat(documents.where("row = 2").first().<String>getAs(Documents.ID))
                .matches("part-.*\\.parquet#2");
    }

    @Test
    void readsCsvWithQuotedLineBreaksAndMarksRowsOfAnotherWidth() {
        files.write(
                "a.csv",
                "id,text,extra\n1,\"two\nlines, \"\"quoted\"\"\",x\n2,short\n\n3,plain,y\n4,too,many,values\n");
        files.write("b.csv", "id,text,extra\n5,other file,z\n");

        assertThat(read(files.source(Format.CSV, "*.csv")))
                .containsExactly(
                        "a.csv|1|1|two\nlines, \"quoted\"",
                        "a.csv|2|2|unparsable",
                        "a.csv|3|3|plain",
                        "a.csv|4|4|unparsable",
                        "b.csv|1|5|other file");
    }

    @Test
    void readsTextByFileAndByLine() {
        files.write("a.txt", "one\n\n  \ntwo");
        files.write("b.txt", new byte[] {'b', (byte) 0xFF});
        files.write("empty.txt", "");
        SourceConfig byFile = files.source(Format.TEXT, "*.txt", List.of());
        SourceConfig byLine = CorpusDirectory.source(
                Format.TEXT, directory + "/*.txt", "", List.of("text"), List.of(), "", "", TextUnit.LINE);

        assertThat(read(byFile))
                .containsExactly("a.txt|null|a.txt|one\n\n  \ntwo", "b.txt|null|b.txt|invalid-encoding");
        assertThat(read(byLine))
                .containsExactly("a.txt|1|a.txt#1|one", "a.txt|4|a.txt#4|two", "b.txt|1|b.txt#1|invalid-encoding");
    }

    @Test
    void showsFilesByOtherNamesAndTellsThemApart() {
        files.write("jane@a.txt", "one");
        files.write("john@a.txt", "two");
        files.write("plain.txt", "three");
        files.write("deep/jane@b.jsonl", "{\"text\": \"four\"}\n{\"text\": \"five\"}\n");
        CorpusConfig corpus = CorpusDirectory.corpus(
                0, files.source(Format.TEXT, "*.txt", List.of()), files.source(Format.JSON_LINES, "deep", List.of()));

        Dataset<Row> documents = Corpus.open(spark, storage, corpus)
                .showing(name -> name.replaceAll("\\w+@", "<NAME>@"))
                .read();

        assertThat(documents
                        .orderBy(Documents.SOURCE, Documents.FILE, Documents.ROW)
                        .collectAsList())
                .extracting(row ->
                        row.getAs(Documents.FILE) + "|" + row.getAs(Documents.ID) + "|" + row.getAs(Documents.TEXT))
                .containsExactly(
                        "<NAME>@a.txt|<NAME>@a.txt|one",
                        "<NAME>@a.txt~2|<NAME>@a.txt~2|two",
                        "plain.txt|plain.txt|three",
                        "<NAME>@b.jsonl|<NAME>@b.jsonl#1|four",
                        "<NAME>@b.jsonl|<NAME>@b.jsonl#2|five");
    }

    @Test
    void readsFilesInUtf16WhoseMarkSaysSo() {
        String text = "caf\u00E9 \u4E2D\u6587 \uD83D\uDE00";
        String json = "{\"text\": \"" + text + "\"}";
        for (Charset charset : List.of(StandardCharsets.UTF_16LE, StandardCharsets.UTF_16BE)) {
            files.write(charset + ".txt", ("\uFEFF" + text).getBytes(charset));
            files.write(charset + ".json", ("\uFEFF" + json).getBytes(charset));
            files.write(charset + ".csv", ("\uFEFFid,text\r\n1," + text + "\r\n").getBytes(charset));
        }
        files.write("odd.txt", new byte[] {(byte) 0xFF, (byte) 0xFE, 'a', 0, 'b'});
        SourceConfig byLine = CorpusDirectory.source(
                Format.TEXT, directory + "/lines/*", "", List.of("text"), List.of(), "", "", TextUnit.LINE);
        files.write("lines/a", "\uFEFF\u4E2D\n\u6587\n\u4E2D\n".getBytes(StandardCharsets.UTF_16LE));

        assertThat(read(files.source(Format.TEXT, "*.txt", List.of())))
                .containsExactly(
                        "UTF-16BE.txt|null|UTF-16BE.txt|" + text,
                        "UTF-16LE.txt|null|UTF-16LE.txt|" + text,
                        "odd.txt|null|odd.txt|invalid-encoding");
        assertThat(read(files.source(Format.JSON, "*.json", List.of())))
                .extracting(line -> line.substring(line.lastIndexOf('|') + 1))
                .containsExactly(text, text);
        assertThat(read(files.source(Format.CSV, "*.csv")))
                .containsExactly("UTF-16BE.csv|1|1|" + text, "UTF-16LE.csv|1|1|" + text);
        assertThat(read(byLine)).hasSizeGreaterThanOrEqualTo(3).allMatch(line -> line.endsWith("|invalid-encoding"));
    }

    @Test
    void readsATableAndKnowsItsContentInAnyOrder() {
        StructType schema = new StructType().add("id", DataTypes.StringType).add("text", DataTypes.StringType);
        Row one = RowFactory.create("1", "one");
        Row two = RowFactory.create(null, "two");
        spark.createDataFrame(List.of(one, two), schema).createOrReplaceTempView("corpus_table");
        SourceConfig source = CorpusDirectory.source(
                Format.TABLE, "", "corpus_table", List.of("text"), List.of("id"), "", "", TextUnit.FILE);
        CorpusConfig corpus = CorpusDirectory.corpus(0, source);

        assertThat(Corpus.open(spark, storage, corpus)
                        .read()
                        .orderBy(Documents.TEXT)
                        .collectAsList())
                .extracting(row -> row.<String>getAs(Documents.ID))
                .containsExactly("1", "corpus_table#3fc4ccfe745870e2");
        ContentKey before = Corpus.fingerprint(spark, storage, Map.of("corpus.sources.0", source));
        spark.createDataFrame(List.of(two, one), schema).createOrReplaceTempView("corpus_table");
        assertThat(Corpus.fingerprint(spark, storage, Map.of("corpus.sources.0", source)))
                .isEqualTo(before);
        spark.createDataFrame(List.of(two, one, one), schema).createOrReplaceTempView("corpus_table");
        assertThat(Corpus.fingerprint(spark, storage, Map.of("corpus.sources.0", source)))
                .isNotEqualTo(before);
    }

    @Test
    void saysWhatIsWrongWithEachMalformedJson() {
        files.write("broken.json", "{\"text\": ");
        files.write("junk.json", "{\"text\": \"a\"} {\"text\": \"b\"}");
        files.write("null.json", "{\"id\": \"n\", \"text\": null}");
        files.write("number.json", "{\"text\": 5}");
        files.write("bytes.json", new byte[] {'{', '"', 't', 'e', 'x', 't', '"', ':', '"', (byte) 0xFF, '"', '}'});

        assertThat(read(files.source(Format.JSON, "*.json")))
                .containsExactly(
                        "broken.json|null|broken.json|unparsable",
                        "bytes.json|null|bytes.json|invalid-encoding",
                        "junk.json|null|junk.json|unparsable",
                        "null.json|null|n|no-text",
                        "number.json|null|number.json|not-a-string");
    }

    @Test
    void allowsMalformedRowsUpToTheShareAndNamesTheFirstPastIt() {
        files.write("x.jsonl", "{\"text\": \"a\"}\n{\"text\": \"b\"}\n{\"text\": \"c\"}\n{\"text\": }\n");
        SourceConfig source = files.source(Format.JSON_LINES, "x.jsonl", List.of());

        assertThat(check(CorpusDirectory.corpus(0.25, source)).rows()).isEqualTo(4);
        assertThatThrownBy(() -> check(CorpusDirectory.corpus(0.2, source)))
                .isInstanceOfSatisfying(
                        StageFailure.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.BAD_INPUT))
                .hasMessage("1 of 4 rows (25.00 %) are malformed, more than corpus.bad-rows 0.2 allows;"
                        + " the first is x.jsonl#4 of corpus.sources.0 (unparsable)");
    }

    @Test
    void namesTheColumnsThereAreWhereOneIsMissing() {
        files.write("x.jsonl", "{\"body\": \"a\", \"key\": 1}\n");
        files.write("x.csv", "body,key\na,1\n");

        assertThatThrownBy(() -> check(CorpusDirectory.corpus(1, files.source(Format.JSON_LINES, "x.jsonl"))))
                .hasMessage("corpus.sources.0.text (" + directory
                        + "/x.jsonl) names 'text', which is not there; there are body, key");
        assertThatThrownBy(() -> check(CorpusDirectory.corpus(1, files.source(Format.CSV, "x.csv"))))
                .isInstanceOfSatisfying(
                        StageFailure.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.BAD_INPUT))
                .hasMessage("corpus.sources.0.text (" + directory
                        + "/x.csv) names 'text', which is not there; there are body, key");
    }

    @Test
    void refusesAnIdFieldThatNoRowHas() {
        files.write("x.jsonl", "{\"text\": \"a\", \"key\": 1}\n");

        assertThatThrownBy(() -> check(CorpusDirectory.corpus(1, files.source(Format.JSON_LINES, "x.jsonl"))))
                .hasMessage("corpus.sources.0.id (" + directory
                        + "/x.jsonl) names 'id', which is not there; there are key, text");
    }

    @Test
    void refusesATextColumnThatIsNoString() {
        spark.range(3).selectExpr("id as text").write().parquet(directory + "/p");

        assertThatThrownBy(() -> check(CorpusDirectory.corpus(1, files.source(Format.PARQUET, "p", List.of()))))
                .hasMessage("corpus.sources.0.text (" + directory
                        + "/p) names 'text', which must be a string but is BIGINT");
    }

    @Test
    void refusesAnEmptyCorpusAndAPathWithoutFiles() {
        files.write("blank.txt", "");

        assertThatThrownBy(() -> check(CorpusDirectory.corpus(1, files.source(Format.TEXT, "*.txt", List.of()))))
                .isInstanceOfSatisfying(
                        StageFailure.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.BAD_INPUT))
                .hasMessage("the corpus is empty: corpus.sources.0 (" + directory + "/*.txt) hold no documents");
        assertThatThrownBy(() -> check(CorpusDirectory.corpus(1, files.source(Format.TEXT, "*.md", List.of()))))
                .isInstanceOfSatisfying(
                        StageFailure.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.BAD_INPUT))
                .hasMessage("corpus.sources.0.path matches no file: file:" + directory + "/*.md");
    }

    private Corpus.Checked check(CorpusConfig config) {
        Corpus corpus = Corpus.open(spark, storage, config);
        return corpus.checked(corpus.read());
    }

    /** file|row|id|text or defect, in the order of files and rows. */
    private List<String> read(SourceConfig source) {
        return Corpus.open(spark, storage, CorpusDirectory.corpus(1, source))
                .read()
                .orderBy(Documents.FILE, Documents.ROW)
                .selectExpr("concat_ws('|', file, coalesce(string(row), 'null'), document_id, coalesce(text,"
                        + " dropped.reason))")
                .collectAsList()
                .stream()
                .map(row -> row.getString(0))
                .toList();
    }
}
