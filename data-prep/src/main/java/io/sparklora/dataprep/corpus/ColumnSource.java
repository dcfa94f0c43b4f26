package io.sparklora.dataprep.corpus;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.is_valid_utf8;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.monotonically_increasing_id;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.to_json;
import static org.apache.spark.sql.functions.when;
import static org.apache.spark.sql.functions.xxhash64;

import io.sparklora.dataprep.sample.Samples;
import io.sparklora.dataprep.step.Documents;
import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.config.SourceConfig;
import io.sparklora.pipeline.run.ContentKey;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.DateType;
import org.apache.spark.sql.types.MapType;
import org.apache.spark.sql.types.StringType;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.types.TimestampNTZType;
import org.apache.spark.sql.types.TimestampType;

/** Rows with columns that have a type: those of Spark tables, and of the Parquet files of {@link ParquetSource}. */
final class ColumnSource {
    private ColumnSource() {}

    /** A table has no files and no rows with a place: the row number only tells its rows apart, it is not reported. */
    static Dataset<Row> table(SparkSession spark, Source source) {
        Dataset<Row> rows = spark.table(source.config().table());
        requireColumns(source, rows.schema());
        return documents(rows, source, lit(""), monotonically_increasing_id().as(Documents.ROW));
    }

    /**
     * What a table's rows are, whatever their order: how many, and sums of two hashes of each. 128 bits of a fast hash
     * recognise content; they do not withstand someone who makes a collision on purpose.
     */
    static ContentKey fingerprint(SparkSession spark, Source source) {
        Dataset<Row> rows = spark.table(source.config().table());
        requireColumns(source, rows.schema());
        Row sums = rows.select(values(source, rows.schema(), lit("")))
                .agg(count(lit(1)), sumOfHashes(source, 1), sumOfHashes(source, 2))
                .first();
        return ContentKey.of(List.of(
                "table/1", String.valueOf(sums.get(0)), String.valueOf(sums.get(1)), String.valueOf(sums.get(2))));
    }

    private static Column sumOfHashes(Source source, int salt) {
        List<Column> parts = new ArrayList<>(List.of(lit(salt)));
        List<String> names = new ArrayList<>(List.of(
                Documents.TEXT,
                Source.GIVEN_ID,
                Source.GIVEN_LICENCE,
                Source.GIVEN_GROUP,
                Source.GIVEN_TIMESTAMP,
                Source.FIELDS));
        if (!source.config().window().column().isEmpty()) {
            names.add(Source.GIVEN_TIME);
        }
        for (String name : names) {
            // A null leaves the hash as it was: the flag tells which column was null.
            parts.add(col(name).isNull());
            parts.add(col(name));
        }
        return sum(xxhash64(parts.toArray(Column[]::new)).cast(DataTypes.createDecimalType(20, 0)));
    }

    /** Rows of one schema as documents; where it does not fit the source, all of them are malformed. */
    static Dataset<Row> documents(Dataset<Row> rows, Source source, Column file, Column row) {
        Optional<Defect> ofAll = defect(source, rows.schema());
        Column none = lit(null).cast(DataTypes.StringType);
        Column[] values = ofAll.isPresent()
                ? values(source, NamedColumns.NONE, name -> none, file, row)
                : values(source, rows.schema(), file, row);
        Column isText = col(Source.FIELDS).isNull();
        Column defect = when(isText.and(col(Documents.TEXT).isNull()), Defect.NO_TEXT.word())
                .when(is_valid_utf8(col(Documents.TEXT)).equalTo(false), Defect.INVALID_ENCODING.word());
        return rows.select(values)
                .withColumn(Source.DEFECT, ofAll.map(each -> lit(each.word())).orElse(defect))
                .select(
                        col(Documents.FILE),
                        col(Documents.ROW),
                        col(Source.GIVEN_ID),
                        col(Source.GIVEN_LICENCE),
                        col(Source.GIVEN_GROUP),
                        col(Source.GIVEN_TIMESTAMP),
                        col(Source.GIVEN_TIME),
                        when(col(Source.DEFECT).isNull(), col(Documents.TEXT)).as(Documents.TEXT),
                        col(Source.DEFECT),
                        col(Source.FIELDS));
    }

    private static Column[] values(Source source, StructType schema, Column file, Column... more) {
        return values(source, NamedColumns.of(source.config()), name -> json(name, schema), file, more);
    }

    /**
     * Text, id, licence, group, timestamp and time of the row, besides the columns given.
     *
     * @param field a column of a sample as a string, by its name
     */
    private static Column[] values(
            Source source, NamedColumns columns, Function<String, Column> field, Column file, Column... more) {
        List<Column> values = new ArrayList<>(Arrays.asList(more));
        values.add(file.as(Documents.FILE));
        values.add(first(columns.text()).as(Documents.TEXT));
        values.add(first(columns.id()).as(Source.GIVEN_ID));
        values.add(first(columns.licence()).as(Source.GIVEN_LICENCE));
        values.add(first(columns.group()).as(Source.GIVEN_GROUP));
        values.add(first(columns.timestamp()).as(Source.GIVEN_TIMESTAMP));
        values.add(time(columns.time()).as(Source.GIVEN_TIME));
        values.add(source.fields(field));
        return values.toArray(Column[]::new);
    }

    /** Whether rows of a schema can be read as the source's. */
    static boolean fits(Source source, StructType schema) {
        return defect(source, schema).isEmpty();
    }

    /** What makes every row of a schema malformed. */
    private static Optional<Defect> defect(Source source, StructType schema) {
        NamedColumns columns = NamedColumns.of(source.config());
        if (!columns.areIn(List.of(schema.fieldNames()))) {
            return Optional.of(Defect.NO_COLUMN);
        }
        if (!columns.text().stream().allMatch(name -> schema.apply(name).dataType() instanceof StringType)) {
            return Optional.of(Defect.NOT_A_STRING);
        }
        return columns.time().stream()
                        .allMatch(name -> canBeTime(schema.apply(name).dataType()))
                ? Optional.empty()
                : Optional.of(Defect.NO_DATE);
    }

    /**
     * Refuses a source without the columns that it names, or with ones of the wrong type.
     *
     * @throws StageFailure ({@link ExitCode#BAD_INPUT})
     */
    static void requireColumns(Source source, StructType schema) {
        SourceConfig config = source.config();
        if (source.holdsSamples()) {
            Samples.columns(config).stream()
                    .filter(name -> !name.isEmpty())
                    .forEach(
                            name -> require(source, schema, config.kind().name().toLowerCase(Locale.ROOT), name));
        } else {
            config.text().forEach(name -> requireText(source, schema, name));
        }
        config.id().forEach(name -> require(source, schema, "id", name));
        names(config.licenceColumn()).forEach(name -> require(source, schema, "licence-column", name));
        names(config.group()).forEach(name -> require(source, schema, "group", name));
        names(config.timestamp()).forEach(name -> require(source, schema, "timestamp", name));
        names(config.window().column()).forEach(name -> requireTime(source, schema, name));
    }

    private static void requireTime(Source source, StructType schema, String name) {
        DataType type = require(source, schema, "window.column", name);
        if (!canBeTime(type)) {
            throw new StageFailure(
                    ExitCode.BAD_INPUT,
                    source.place("window.column") + " names '" + name
                            + "', which must be a date, a timestamp or a string but is " + type.sql());
        }
    }

    private static boolean canBeTime(DataType type) {
        return type instanceof DateType
                || type instanceof TimestampType
                || type instanceof TimestampNTZType
                || type instanceof StringType;
    }

    private static void requireText(Source source, StructType schema, String name) {
        DataType type = require(source, schema, "text", name);
        if (!(type instanceof StringType)) {
            throw new StageFailure(
                    ExitCode.BAD_INPUT,
                    source.place("text") + " names '" + name + "', which must be a string but is " + type.sql());
        }
    }

    private static DataType require(Source source, StructType schema, String key, String name) {
        return Arrays.stream(schema.fields())
                .filter(field -> field.name().equals(name))
                .findFirst()
                .orElseThrow(() -> source.noSuchColumn(key, name, List.of(schema.fieldNames())))
                .dataType();
    }

    private static List<String> names(String column) {
        return column.isEmpty() ? List.of() : List.of(column);
    }

    /** A column as a string, a structured one as JSON. */
    private static Column json(String name, StructType schema) {
        Column value = quoted(name);
        DataType type = schema.apply(name).dataType();
        boolean isStructured = type instanceof StructType || type instanceof ArrayType || type instanceof MapType;
        return isStructured ? to_json(value) : value.cast(DataTypes.StringType);
    }

    /** A column, or none, as a time in the session's zone, which is UTC. */
    private static Column time(List<String> names) {
        return names.isEmpty()
                ? lit(null).cast(DataTypes.TimestampType)
                : quoted(names.get(0)).try_cast(DataTypes.TimestampType);
    }

    private static Column quoted(String name) {
        return col("`" + name.replace("`", "``") + "`");
    }

    /** The first of the columns that has a value, as a string. */
    private static Column first(List<String> names) {
        Column[] values = names.stream()
                .map(name -> quoted(name).cast(DataTypes.StringType))
                .toArray(Column[]::new);
        return values.length == 0 ? lit(null).cast(DataTypes.StringType) : coalesce(values);
    }
}
