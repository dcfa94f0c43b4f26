package io.sparklora.dataprep.corpus;

import static org.apache.spark.sql.functions.col;

import io.sparklora.dataprep.step.Documents;
import java.io.IOException;
import java.io.InputStream;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.net.URI;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.io.compress.CompressionCodec;
import org.apache.hadoop.io.compress.CompressionCodecFactory;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.SerializableConfiguration;
import org.apache.spark.util.TaskCompletionListener;

/**
 * CSV with a header, a file a task. Columns are found by their names in each file's own header, so that files may order
 * them differently; the rows of a file that lacks one are malformed. Spark's reader is not used: it takes the rest of a
 * file for one value where a quote is not closed, and puts replacement characters where bytes are not UTF-8. A file whose
 * byte-order mark says so may be UTF-16.
 */
final class CsvSource {
    private static final int MOST_TASKS = 10_000;
    private static final StructType SCHEMA = new StructType()
            .add(Documents.FILE, DataTypes.StringType)
            .add(Documents.ROW, DataTypes.LongType)
            .add(Source.GIVEN_ID, DataTypes.StringType)
            .add(Source.GIVEN_LICENCE, DataTypes.StringType)
            .add(Source.GIVEN_GROUP, DataTypes.StringType)
            .add(Source.GIVEN_TIMESTAMP, DataTypes.StringType)
            .add(Source.GIVEN_TIME, DataTypes.StringType)
            .add(Documents.TEXT, DataTypes.StringType)
            .add(Source.DEFECT, DataTypes.StringType)
            .add(Source.FIELDS, DataTypes.createArrayType(DataTypes.StringType));

    private CsvSource() {}

    private record CsvFile(String name, URI path) implements Serializable {}

    static Dataset<Row> files(SparkSession spark, Source source) {
        JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        Broadcast<SerializableConfiguration> hadoop = context.broadcast(
                new SerializableConfiguration(spark.sparkContext().hadoopConfiguration()));
        List<CsvFile> listed = source.files().files().stream()
                .map(file -> new CsvFile(file.name(), file.path().toUri()))
                .toList();
        JavaRDD<CsvFile> files = context.parallelize(listed, Math.min(listed.size(), MOST_TASKS));
        NamedColumns columns = NamedColumns.of(source.config());
        requireColumns(source, columns, files, hadoop);
        JavaRDD<Row> rows = files.flatMap(file -> {
            CsvRecords records = open(hadoop.value().value(), new Path(file.path()));
            TaskCompletionListener closing = task -> close(records);
            TaskContext.get().addTaskCompletionListener(closing);
            return new CsvRows(file.name(), columns, records);
        });
        return spark.createDataFrame(rows, SCHEMA)
                .withColumn(Source.GIVEN_TIME, col(Source.GIVEN_TIME).try_cast(DataTypes.TimestampType));
    }

    /**
     * Refuses a source no file of which has its columns, before a row is read. The first header says so of most; where it
     * lacks one, tasks look for a file that has them.
     */
    private static void requireColumns(
            Source source, NamedColumns columns, JavaRDD<CsvFile> files, Broadcast<SerializableConfiguration> hadoop) {
        Optional<List<String>> first = source.files().files().stream()
                .map(file -> header(hadoop.value().value(), file.path()))
                .flatMap(Optional::stream)
                .findFirst();
        if (first.isEmpty() || columns.areIn(first.get())) {
            return;
        }
        boolean isLacking = files.filter(file -> header(hadoop.value().value(), new Path(file.path()))
                        .filter(columns::areIn)
                        .isPresent())
                .take(1)
                .isEmpty();
        if (isLacking) {
            columns.byKey().forEach((key, wanted) -> requireColumns(source, key, wanted, first.get()));
        }
    }

    private static void requireColumns(Source source, String key, List<String> wanted, List<String> header) {
        for (String name : wanted) {
            if (!header.contains(name)) {
                throw source.noSuchColumn(key, name, header);
            }
        }
    }

    private static Optional<List<String>> header(Configuration hadoop, Path path) {
        try (CsvRecords records = open(hadoop, path)) {
            return records.next().map(CsvRows::names);
        } catch (IOException e) {
            throw new UncheckedIOException("can't read " + path + ": " + e.getMessage(), e);
        }
    }

    private static CsvRecords open(Configuration hadoop, Path path) throws IOException {
        InputStream in = path.getFileSystem(hadoop).open(path);
        CompressionCodec codec = new CompressionCodecFactory(hadoop).getCodec(path);
        return new CsvRecords(Utf16.asUtf8(codec == null ? in : codec.createInputStream(in)));
    }

    private static void close(CsvRecords records) {
        try {
            records.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
