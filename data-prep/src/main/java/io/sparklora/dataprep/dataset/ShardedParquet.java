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
 * Parquet files whose number, names and bytes follow from their rows: the caller says which directory and which shard a
 * row goes to; a shard is written by one task, in the order asked for, and renamed from the name that Spark gave it to
 * {@code DIRECTORY/part-00000.parquet}.
 */
final class ShardedParquet {
    /** Column with the directory's name. */
    static final String DIRECTORY = "directory";
    /** Column with the shard's number in its directory, int from 0. */
    static final String SHARD = "shard";

    private static final String STAGING = "_staging";

    private ShardedParquet() {}

    /** The name of a shard's file. */
    static String file(String directory, int shard) {
        return String.format(Locale.ROOT, "%s/part-%05d.parquet", directory, shard);
    }

    /** Moves all rows of a shard to one task. */
    static Dataset<Row> gathered(Dataset<Row> rows, int shards) {
        return rows.repartition(shards, col(DIRECTORY), col(SHARD));
    }

    /**
     * Writes the files below a directory.
     *
     * @param rows gathered, with the columns {@value #DIRECTORY} and {@value #SHARD}, which are not written
     * @param order of the rows in a file
     * @param rowsOfGroup rows of a row group: few enough that memory never decides instead
     */
    static void write(Dataset<Row> rows, Column order, int rowsOfGroup, Storage storage, Path below) {
        Path staging = new Path(below, STAGING);
        rows.sortWithinPartitions(col(DIRECTORY), col(SHARD), order)
                .write()
                .partitionBy(DIRECTORY, SHARD)
                .option("compression", "zstd")
                .option("parquet.compression.codec.zstd.level", 3)
                .option("parquet.block.row.count.limit", rowsOfGroup)
                .option("maxRecordsPerFile", 0)
                .parquet(staging.toString());
        for (Path directory : partitions(storage, staging)) {
            for (Path shard : partitions(storage, directory)) {
                publish(storage, directory, shard, below);
            }
        }
        storage.delete(staging);
    }

    private static void publish(Storage storage, Path directory, Path shard, Path below) {
        String name = file(value(directory), Integer.parseInt(value(shard)));
        for (FileStatus file : storage.list(shard)) {
            if (file.getPath().getName().endsWith(".parquet")) {
                // Spark's local file system leaves a checksum file, which would move along.
                storage.delete(new Path(shard, "." + file.getPath().getName() + ".crc"));
                storage.move(file.getPath(), new Path(below, name));
            }
        }
    }

    /** The directories {@code column=value} in a directory. */
    private static List<Path> partitions(Storage storage, Path directory) {
        return storage.list(directory).stream()
                .filter(FileStatus::isDirectory)
                .map(FileStatus::getPath)
                .toList();
    }

    /** Of a directory {@code column=value}. */
    private static String value(Path directory) {
        String name = directory.getName();
        return name.substring(name.indexOf('=') + 1);
    }
}
