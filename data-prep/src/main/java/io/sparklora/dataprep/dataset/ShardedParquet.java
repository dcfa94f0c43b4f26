package io.sparklora.dataprep.dataset;

import static org.apache.spark.sql.functions.col;

import io.sparklora.pipeline.run.Storage;
import java.util.List;
import java.util.Locale;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * Parquet files whose number, names and bytes follow from their rows: the caller says which file a row goes to and which
 * place it has there; one task writes a file, which is then renamed from the name that Spark gave it.
 */
final class ShardedParquet {
    /** Column with the number of a row's file, int from 0; not written. */
    static final String FILE_NUMBER = "file_number";

    private static final String STAGING = "_staging";

    private ShardedParquet() {}

    /** The name of a file of a directory: {@code train/part-00000.parquet}. */
    static String name(String directory, int shard) {
        return String.format(Locale.ROOT, "%s/part-%05d.parquet", directory, shard);
    }

    /** Moves all rows of a file to one task. */
    static Dataset<Row> gathered(Dataset<Row> rows, int files) {
        return rows.repartition(files, col(FILE_NUMBER));
    }

    /**
     * Writes the files below a directory.
     *
     * @param rows gathered, with the column {@value #FILE_NUMBER}. It must depend on another column: Spark takes
     *     constants out of sort orders, and would then sort by it again, losing the order of the rows
     * @param order of the rows in a file
     * @param rowsOfGroup rows of a row group: few enough that memory never decides instead
     * @param names of the files, relative, by number; a file without rows is not written
     */
    static void write(
            Dataset<Row> rows, Column order, int rowsOfGroup, List<String> names, Storage storage, Path below) {
        Path staging = new Path(below, STAGING);
        rows.sortWithinPartitions(col(FILE_NUMBER), order)
                .write()
                .partitionBy(FILE_NUMBER)
                .option("compression", "zstd")
                .option("parquet.compression.codec.zstd.level", 3)
                .option("parquet.block.row.count.limit", rowsOfGroup)
                .option("maxRecordsPerFile", 0)
                .parquet(staging.toString());
        for (int number = 0; number < names.size(); number++) {
            publish(storage, new Path(staging, FILE_NUMBER + "=" + number), new Path(below, names.get(number)));
        }
        storage.delete(staging);
    }

    private static void publish(Storage storage, Path staged, Path target) {
        for (FileStatus file : storage.list(staged)) {
            if (file.getPath().getName().endsWith(".parquet")) {
                // Spark's local file system leaves a checksum file, which would move along.
                storage.delete(new Path(staged, "." + file.getPath().getName() + ".crc"));
                storage.move(file.getPath(), target);
            }
        }
    }
}
