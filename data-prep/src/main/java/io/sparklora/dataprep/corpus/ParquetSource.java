package io.sparklora.dataprep.corpus;

import static org.apache.spark.sql.functions.col;

import io.sparklora.dataprep.step.Documents;
import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.dataset.CorpusFiles;
import java.io.IOException;
import java.io.Serializable;
import java.net.URI;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.parquet.schema.MessageType;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.SerializableConfiguration;

/**
 * Parquet files, each by its own schema. Spark would read all of them by the first one's: it gives nulls for a column that
 * only a later file lacks, and ends the job at a column whose type is another. Here the files are read together whose
 * footers agree on the columns that the source names; the rows of files that do not fit are malformed, whichever file comes
 * first.
 */
final class ParquetSource {
    private static final int MOST_TASKS = 1_000;
    private static final int MOST_SCHEMAS = 100;
    private static final String GLOB = "[\\[\\]{}*?\\\\]";

    private ParquetSource() {}

    /**
     * Types of the columns that the source names.
     *
     * @param isParquet false where the file has no footer that can be read
     * @param types in the columns' order, an empty one for a column that is not there
     */
    private record Footer(boolean isParquet, List<String> types) implements Serializable {}

    /**
     * Reads every footer once, and no row.
     *
     * @throws StageFailure ({@link ExitCode#BAD_INPUT}) where no file fits, or one is no Parquet
     */
    static Dataset<Row> files(SparkSession spark, Source source) {
        List<Dataset<Row>> alike = new ArrayList<>();
        for (List<CorpusFiles.File> files : filesAlike(spark, source)) {
            alike.add(source.reader(spark).parquet(paths(source, files)));
        }
        if (alike.stream().noneMatch(rows -> ColumnSource.fits(source, rows.schema()))) {
            ColumnSource.requireColumns(source, alike.get(0).schema());
        }
        Column row = col("_metadata.row_index").plus(1).as(Documents.ROW);
        return alike.stream()
                .map(rows -> ColumnSource.documents(rows, source, source.fileName(), row))
                .reduce(Dataset::unionByName)
                .orElseThrow(() -> new IllegalStateException("a source of files has at least one"));
    }

    /** The files by what their footers say, in the order of the first of each. */
    private static List<List<CorpusFiles.File>> filesAlike(SparkSession spark, Source source) {
        List<CorpusFiles.File> files = source.files().files();
        if (files.size() == 1) {
            return List.of(files);
        }
        List<Footer> footers = footers(spark, source);
        Map<Footer, List<CorpusFiles.File>> alike = new LinkedHashMap<>();
        for (int i = 0; i < files.size(); i++) {
            if (!footers.get(i).isParquet()) {
                throw new StageFailure(
                        ExitCode.BAD_INPUT,
                        source.place("") + " has a file that is no Parquet, or was cut off: "
                                + source.names().of(files.get(i).name()));
            }
            alike.computeIfAbsent(footers.get(i), footer -> new ArrayList<>()).add(files.get(i));
        }
        if (alike.size() > MOST_SCHEMAS) {
            throw new StageFailure(
                    ExitCode.BAD_INPUT,
                    source.place("") + " has files of " + alike.size() + " schemas; at most " + MOST_SCHEMAS
                            + " can be read as one source");
        }
        return List.copyOf(alike.values());
    }

    /** What the source's files say, in their order. */
    private static List<Footer> footers(SparkSession spark, Source source) {
        List<URI> paths =
                source.files().files().stream().map(file -> file.path().toUri()).toList();
        List<String> columns = NamedColumns.of(source.config()).byKey().values().stream()
                .flatMap(List::stream)
                .distinct()
                .collect(Collectors.toCollection(ArrayList::new));
        JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        Broadcast<SerializableConfiguration> hadoop = context.broadcast(
                new SerializableConfiguration(spark.sparkContext().hadoopConfiguration()));
        return context.parallelize(paths, Math.min(paths.size(), MOST_TASKS))
                .map(path -> footer(hadoop.value().value(), new Path(path), columns))
                .collect();
    }

    private static Footer footer(Configuration hadoop, Path path, List<String> columns) throws IOException {
        HadoopInputFile file = HadoopInputFile.fromPath(path, hadoop);
        try (ParquetFileReader reader = ParquetFileReader.open(file)) {
            MessageType schema = reader.getFileMetaData().getSchema();
            return new Footer(
                    true,
                    columns.stream()
                            .map(column -> schema.containsField(column)
                                    ? schema.getType(column).toString()
                                    : "")
                            .collect(Collectors.toCollection(ArrayList::new)));
        } catch (RuntimeException e) {
            // So the library says that a file is none; a store's failures are IOExceptions.
            return new Footer(false, new ArrayList<>());
        }
    }

    /** The source's own path where it stands for these files alone, so that none is listed a second time. */
    private static String[] paths(Source source, List<CorpusFiles.File> files) {
        return files.size() == source.files().files().size()
                ? new String[] {source.config().path()}
                : files.stream()
                        .map(file -> file.path().toString().replaceAll(GLOB, "\\\\$0"))
                        .toArray(String[]::new);
    }
}
