package io.sparklora.dataprep.corpus;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.element_at;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.monotonically_increasing_id;
import static org.apache.spark.sql.functions.regexp_replace;
import static org.apache.spark.sql.functions.replace;
import static org.apache.spark.sql.functions.row_number;
import static org.apache.spark.sql.functions.substring;
import static org.apache.spark.sql.functions.url_decode;
import static org.apache.spark.sql.functions.when;

import io.sparklora.dataprep.sample.Samples;
import io.sparklora.dataprep.step.Documents;
import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.config.SourceConfig;
import io.sparklora.pipeline.dataset.CorpusFiles;
import io.sparklora.pipeline.run.Storage;
import java.util.Collection;
import java.util.List;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.DataFrameReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataTypes;

/**
 * One source of the corpus while it is read. A reader of a format gives rows of these columns, besides
 * {@link Documents#FILE} and {@link Documents#ROW}:
 *
 * <ul>
 *   <li>{@value #GIVEN_ID}, {@value #GIVEN_LICENCE}, {@value #GIVEN_GROUP} and {@value #GIVEN_TIMESTAMP} string: as the
 *       row has them, null where it has none
 *   <li>{@value #GIVEN_TIME} timestamp: of the window's column, null where there is none
 *   <li>{@link Documents#TEXT}: null where {@value #DEFECT} says why
 *   <li>{@value #FIELDS} array of string: the columns that make a sample, a structured one as JSON; null for plain text
 *   <li>{@value #DEFECT} string: a {@link Defect}'s word, null for sound rows
 * </ul>
 *
 * @param config what was asked for
 * @param key such as {@code corpus.sources.0}
 * @param index place in its list
 * @param files the source's files, their names relative to their base; none for a table
 * @param names what documents and messages call the files
 */
record Source(SourceConfig config, String key, int index, CorpusFiles files, ShownNames names) {
    static final String GIVEN_ID = "given_id";
    static final String GIVEN_LICENCE = "given_licence";
    static final String GIVEN_GROUP = "given_group";
    static final String GIVEN_TIMESTAMP = "given_timestamp";
    static final String GIVEN_TIME = "given_time";
    static final String DEFECT = "defect";
    static final String FIELDS = "fields";

    private static final ArrayType STRINGS = DataTypes.createArrayType(DataTypes.StringType);
    private static final String BLOCK = "block";
    private static final String POSITION = "position";
    private static final int WHOLE_TEXT = Integer.MAX_VALUE;

    /** Finds the files of a source that is not a table. */
    static Source of(Storage storage, SourceConfig config, String key, int index) {
        boolean isTable = config.format() == SourceConfig.Format.TABLE;
        CorpusFiles files = isTable ? new CorpusFiles(new Path("/"), List.of()) : CorpusFiles.of(storage, config, key);
        return new Source(config, key, index, files, ShownNames.OWN);
    }

    /** The source with other names for its files. */
    Source showing(UnaryOperator<String> others) {
        return new Source(config, key, index, files, ShownNames.of(files, others));
    }

    /** Reads files of a format by Spark's data source of that name, with what is needed for file names and rows. */
    DataFrameReader reader(SparkSession spark) {
        return spark.read().option("recursiveFileLookup", true);
    }

    /** The name of a row's file below the base; {@code _metadata.file_path} is an encoded URI. */
    Column fileName() {
        Column decoded = url_decode(replace(col("_metadata.file_path"), lit("+"), lit("%2B")));
        Column path = regexp_replace(decoded, "^[A-Za-z][A-Za-z0-9+.-]*:(//[^/]*)?", "");
        String root = files.base().toUri().getPath();
        int skipped = root.endsWith("/") ? root.length() : root.length() + 1;
        return substring(path, skipped + 1, WHOLE_TEXT);
    }

    /** Where a row stands: input for {@link #numbered}. */
    static Column[] place() {
        return new Column[] {
            col("_metadata.file_block_start").as(BLOCK),
            monotonically_increasing_id().as(POSITION),
        };
    }

    /**
     * Numbers the rows of each file from 1, as they stand in it. Spark's tasks know where in a file their block starts,
     * but not how many rows come before: one task a file sorts its rows.
     */
    static Dataset<Row> numbered(Dataset<Row> rows) {
        Column number = row_number().over(Window.partitionBy(Documents.FILE).orderBy(BLOCK, POSITION));
        return rows.withColumn(Documents.ROW, number.cast(DataTypes.LongType)).drop(BLOCK, POSITION);
    }

    /** Whether its rows are instructions or chats. */
    boolean holdsSamples() {
        return config.kind() != SourceConfig.Kind.TEXT;
    }

    /** {@link #FIELDS}, each of its columns by name as a string. */
    Column fields(Function<String, Column> byName) {
        Column none = lit(null).cast(DataTypes.StringType);
        Column[] fields = Samples.columns(config).stream()
                .map(name -> name.isEmpty() ? none : byName.apply(name))
                .toArray(Column[]::new);
        return when(lit(holdsSamples()), array(fields)).cast(STRINGS).as(FIELDS);
    }

    /**
     * Rows with their sample: the text is then what was said, and {@link Documents#SAMPLE} the structure it was said in.
     * A row that holds none is malformed.
     */
    Dataset<Row> withSamples(Dataset<Row> rows) {
        if (!holdsSamples()) {
            return rows.withColumn(Documents.SAMPLE, lit(null).cast(DataTypes.StringType));
        }
        Column sample = col(Documents.SAMPLE);
        Column isSound = col(DEFECT).isNull();
        // The columns' order is that of Samples.columns.
        Column needed = element_at(col(FIELDS), Samples.columns(config).indexOf(Samples.required(config)) + 1);
        return rows.withColumn(Documents.SAMPLE, when(isSound, Samples.column(config.kind(), col(FIELDS))))
                .withColumn(Documents.TEXT, sample.getField(Samples.TEXT))
                .withColumn(
                        DEFECT,
                        coalesce(
                                col(DEFECT),
                                when(needed.isNull(), Defect.NO_TEXT.word()),
                                when(sample.isNull(), Defect.NOT_A_SAMPLE.word())))
                .withColumn(Documents.SAMPLE, sample.getField(Samples.STRUCTURE));
    }

    /** What the place is called in errors: {@code corpus.sources.0 (corpus/*.json)}. */
    String place(String name) {
        String where = config.format() == SourceConfig.Format.TABLE ? config.table() : config.path();
        return key + (name.isEmpty() ? "" : "." + name) + " (" + where + ")";
    }

    /** Refuses a name that the source's columns do not have. */
    StageFailure noSuchColumn(String column, String name, Collection<String> columns) {
        return new StageFailure(
                ExitCode.BAD_INPUT,
                place(column) + " names '" + name + "', which is not there; there are " + String.join(", ", columns));
    }
}
