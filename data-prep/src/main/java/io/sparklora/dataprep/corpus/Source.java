package io.sparklora.dataprep.corpus;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.monotonically_increasing_id;
import static org.apache.spark.sql.functions.regexp_replace;
import static org.apache.spark.sql.functions.replace;
import static org.apache.spark.sql.functions.row_number;
import static org.apache.spark.sql.functions.substring;
import static org.apache.spark.sql.functions.url_decode;

import io.sparklora.dataprep.step.Documents;
import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.config.SourceConfig;
import io.sparklora.pipeline.dataset.CorpusFiles;
import io.sparklora.pipeline.run.Storage;
import java.util.Collection;
import java.util.List;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.DataFrameReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.types.DataTypes;

/**
 * One source of the corpus while it is read. A reader of a format gives rows of these columns, besides
 * {@link Documents#FILE} and {@link Documents#ROW}:
 *
 * <ul>
 *   <li>{@value #GIVEN_ID} and {@value #GIVEN_LICENCE} string: as the row has them, null where it has none
 *   <li>{@value #GIVEN_TIME} timestamp: of the window's column, null where there is none
 *   <li>{@link Documents#TEXT}: null where {@value #DEFECT} says why
 *   <li>{@value #DEFECT} string: a {@link Defect}'s word, null for sound rows
 * </ul>
 *
 * @param config what was asked for
 * @param index place in {@code corpus.sources}
 * @param files the source's files, their names relative to their base; none for a table
 */
record Source(SourceConfig config, int index, CorpusFiles files) {
    static final String GIVEN_ID = "given_id";
    static final String GIVEN_LICENCE = "given_licence";
    static final String GIVEN_TIME = "given_time";
    static final String DEFECT = "defect";

    private static final String BLOCK = "block";
    private static final String POSITION = "position";
    private static final int WHOLE_TEXT = Integer.MAX_VALUE;

    /** Finds the files of a source that is not a table. */
    static Source of(Storage storage, SourceConfig config, int index) {
        boolean isTable = config.format() == SourceConfig.Format.TABLE;
        CorpusFiles files =
                isTable ? new CorpusFiles(new Path("/"), List.of()) : CorpusFiles.of(storage, config, index);
        return new Source(config, index, files);
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

    /** What the place is called in errors: {@code corpus.sources.0 (corpus/*.json)}. */
    String place(String key) {
        String where = config.format() == SourceConfig.Format.TABLE ? config.table() : config.path();
        return "corpus.sources." + index + (key.isEmpty() ? "" : "." + key) + " (" + where + ")";
    }

    /** Refuses a name that the source's columns do not have. */
    StageFailure noSuchColumn(String key, String name, Collection<String> columns) {
        return new StageFailure(
                ExitCode.BAD_INPUT,
                place(key) + " names '" + name + "', which is not there; there are " + String.join(", ", columns));
    }
}
