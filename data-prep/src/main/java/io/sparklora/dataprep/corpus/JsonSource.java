package io.sparklora.dataprep.corpus;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.from_json;
import static org.apache.spark.sql.functions.is_valid_utf8;
import static org.apache.spark.sql.functions.is_variant_null;
import static org.apache.spark.sql.functions.json_object_keys;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.ltrim;
import static org.apache.spark.sql.functions.posexplode_outer;
import static org.apache.spark.sql.functions.schema_of_variant;
import static org.apache.spark.sql.functions.size;
import static org.apache.spark.sql.functions.try_variant_get;
import static org.apache.spark.sql.functions.when;

import io.sparklora.dataprep.sample.Samples;
import io.sparklora.dataprep.step.Documents;
import io.sparklora.pipeline.config.SourceConfig;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/**
 * JSON: a document, or an array of documents, a file or a line. Files and lines are read as text and parsed by an
 * expression, so that a malformed one is a row like any other, and fields are read as variants, so that a text that is a
 * number is seen as one.
 */
final class JsonSource {
    private static final String DOCUMENTS = "documents";
    private static final String ELEMENT = "element";
    private static final String PLACE = "place";
    private static final int SAMPLED_ROWS = 100;

    private JsonSource() {}

    static Dataset<Row> files(SparkSession spark, Source source) {
        return documents(TextSource.wholeFiles(spark, source), source);
    }

    static Dataset<Row> lines(SparkSession spark, Source source) {
        return documents(TextSource.numberedLines(spark, source), source);
    }

    /** Field names of the first objects, for the error that a field is missing. */
    static List<String> fields(SparkSession spark, Source source) {
        boolean lines = source.config().format() == SourceConfig.Format.JSON_LINES;
        Dataset<Row> values = source.reader(spark)
                .option("wholetext", !lines)
                .text(source.config().path());
        return values.limit(SAMPLED_ROWS)
                .select(explode(json_object_keys(col(TextSource.VALUE))))
                .distinct()
                .orderBy("col")
                .limit(SAMPLED_ROWS)
                .as(Encoders.STRING())
                .collectAsList();
    }

    private static Dataset<Row> documents(Dataset<Row> values, Source source) {
        SourceConfig config = source.config();
        Column isArray = ltrim(col(TextSource.VALUE)).startsWith("[");
        Dataset<Row> elements = values.withColumn(DOCUMENTS, parsed(col(TextSource.VALUE), isArray, fields(config)))
                .where(col(DOCUMENTS).isNull().or(size(col(DOCUMENTS)).gt(0)))
                .select(
                        col(Documents.FILE),
                        col(Documents.ROW),
                        isArray.as("is_array"),
                        is_valid_utf8(col(TextSource.VALUE)).as("is_text"),
                        col(DOCUMENTS).isNull().as("is_unparsable"),
                        posexplode_outer(col(DOCUMENTS)).as(new String[] {PLACE, ELEMENT}));
        Column inArray = when(col("is_array"), col(PLACE).plus(1).cast(DataTypes.LongType));
        Column text = first(source.holdsSamples() ? List.of() : config.text());
        return elements.withColumn(Source.DEFECT, source.holdsSamples() ? defect() : defect(text))
                .select(
                        col(Documents.FILE),
                        coalesce(col(Documents.ROW), inArray).as(Documents.ROW),
                        string(first(config.id())).as(Source.GIVEN_ID),
                        string(first(names(config.licenceColumn()))).as(Source.GIVEN_LICENCE),
                        string(first(names(config.group()))).as(Source.GIVEN_GROUP),
                        string(first(names(config.timestamp()))).as(Source.GIVEN_TIMESTAMP),
                        string(first(names(config.window().column())))
                                .try_cast(DataTypes.TimestampType)
                                .as(Source.GIVEN_TIME),
                        when(col(Source.DEFECT).isNull(), string(text)).as(Documents.TEXT),
                        col(Source.DEFECT),
                        source.fields(name -> col(ELEMENT).getField(name)));
    }

    /** Wrapped, so that whatever follows the value is an error, too: two objects on a line are not taken for one. */
    private static Column parsed(Column value, Column isArray, StructType fields) {
        ArrayType list = DataTypes.createArrayType(fields);
        StructType wrapper = new StructType().add(DOCUMENTS, list);
        Column array = from_json(concat(lit("{\"" + DOCUMENTS + "\":"), value, lit("}")), wrapper, Map.of());
        Column object = from_json(concat(lit("["), value, lit("]")), list, Map.of());
        return when(isArray, array.getField(DOCUMENTS)).otherwise(object);
    }

    private static StructType fields(SourceConfig config) {
        Set<String> names = new LinkedHashSet<>(config.text());
        names.addAll(config.id());
        names.addAll(names(config.licenceColumn()));
        names.addAll(names(config.group()));
        names.addAll(names(config.timestamp()));
        names.addAll(names(config.window().column()));
        Set<String> ofSample = new LinkedHashSet<>(Samples.columns(config));
        names.removeAll(ofSample);
        ofSample.remove("");
        // A string keeps the JSON of what is none, with its keys in their order; a variant would sort them.
        return DataTypes.createStructType(Stream.concat(
                        names.stream().map(name -> DataTypes.createStructField(name, DataTypes.VariantType, true)),
                        ofSample.stream().map(name -> DataTypes.createStructField(name, DataTypes.StringType, true)))
                .toArray(StructField[]::new));
    }

    private static Column defect() {
        return when(col("is_unparsable"), Defect.UNPARSABLE.word())
                .when(col("is_text").equalTo(false), Defect.INVALID_ENCODING.word());
    }

    private static Column defect(Column text) {
        return defect().when(text.isNull(), Defect.NO_TEXT.word())
                .when(schema_of_variant(text).notEqual("STRING"), Defect.NOT_A_STRING.word());
    }

    private static List<String> names(String column) {
        return column.isEmpty() ? List.of() : List.of(column);
    }

    /** The first of the fields that is neither missing nor null, as a variant. */
    private static Column first(List<String> names) {
        Column none = lit(null).cast(DataTypes.VariantType);
        Column[] values = names.stream()
                .map(name -> col(ELEMENT).getField(name))
                .map(value -> when(is_variant_null(value).equalTo(false), value))
                .toArray(Column[]::new);
        return values.length == 0 ? none : coalesce(values);
    }

    private static Column string(Column variant) {
        return try_variant_get(variant, "$", "string");
    }
}
