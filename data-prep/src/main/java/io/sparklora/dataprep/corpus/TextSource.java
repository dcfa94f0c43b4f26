package io.sparklora.dataprep.corpus;

import static org.apache.spark.sql.functions.btrim;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.is_valid_utf8;
import static org.apache.spark.sql.functions.length;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.substring;
import static org.apache.spark.sql.functions.udf;
import static org.apache.spark.sql.functions.when;

import io.sparklora.dataprep.step.Documents;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.expressions.UserDefinedFunction;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;

/**
 * Plain text, UTF-8: whole files, or lines. Empty files and blank lines are no documents. A whole file may be UTF-16, where
 * its byte-order mark says so; its lines are malformed.
 */
final class TextSource {
    static final String VALUE = "value";
    private static final String BYTE_ORDER_MARK = "\uFEFF";

    // Spark's decode() ends the job at the first fault. Only files with UTF-16's mark leave the GPU for it.
    private static final UserDefinedFunction TEXT_OF_UTF16 =
            udf((UDF1<byte[], String>) Utf16::text, DataTypes.StringType).withName("text_of_utf16");

    private TextSource() {}

    static Dataset<Row> files(SparkSession spark, Source source) {
        return documents(wholeFiles(spark, source), source, is_valid_utf8(col(VALUE)));
    }

    static Dataset<Row> lines(SparkSession spark, Source source) {
        // In UTF-16, which is cut at each byte of a line break, every line but the first has a zero.
        Column isText = is_valid_utf8(col(VALUE)).and(not(col(VALUE).contains("\0")));
        return documents(numberedLines(spark, source), source, isText);
    }

    /** Columns {@value #VALUE}, file, row (null). */
    static Dataset<Row> wholeFiles(SparkSession spark, Source source) {
        return source.reader(spark)
                .option("wholetext", true)
                .text(source.config().path())
                .select(
                        decoded().as(VALUE),
                        source.fileName().as(Documents.FILE),
                        lit(null).cast(DataTypes.LongType).as(Documents.ROW));
    }

    /** Columns {@value #VALUE}, file, row (the line's number, blank lines counted but left out). */
    static Dataset<Row> numberedLines(SparkSession spark, Source source) {
        Column[] place = Source.place();
        Dataset<Row> lines = source.reader(spark)
                .text(source.config().path())
                .select(withoutMark().as(VALUE), source.fileName().as(Documents.FILE), place[0], place[1]);
        return Source.numbered(lines)
                .where(length(btrim(col(VALUE), lit(" \t\r"))).gt(0));
    }

    /** Null where a file says that it is UTF-16 and is not. */
    private static Column decoded() {
        Column bytes = col(VALUE).cast(DataTypes.BinaryType);
        Column mark = substring(bytes, 1, Utf16.BIG_ENDIAN_MARK.length);
        Column isUtf16 = mark.equalTo(Utf16.BIG_ENDIAN_MARK).or(mark.equalTo(Utf16.LITTLE_ENDIAN_MARK));
        return when(isUtf16, TEXT_OF_UTF16.apply(bytes)).otherwise(withoutMark());
    }

    private static Column withoutMark() {
        return when(col(VALUE).startsWith(BYTE_ORDER_MARK), substring(col(VALUE), 2, Integer.MAX_VALUE))
                .otherwise(col(VALUE));
    }

    private static Dataset<Row> documents(Dataset<Row> values, Source source, Column isText) {
        Column none = lit(null).cast(DataTypes.StringType);
        return values.select(
                col(Documents.FILE),
                col(Documents.ROW),
                none.as(Source.GIVEN_ID),
                none.as(Source.GIVEN_LICENCE),
                none.as(Source.GIVEN_GROUP),
                none.as(Source.GIVEN_TIMESTAMP),
                lit(null).cast(DataTypes.TimestampType).as(Source.GIVEN_TIME),
                when(isText, col(VALUE)).as(Documents.TEXT),
                when(isText, none).otherwise(Defect.INVALID_ENCODING.word()).as(Source.DEFECT),
                source.fields(functions::col));
    }
}
