package io.sparklora.dataprep.step;

import io.sparklora.pipeline.run.Storage;
import java.util.IdentityHashMap;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * What one preparation computes once and reads more than once: Parquet files below its work directory, until it is closed.
 * Spark's cache would hold the same rows, but also everything they were made of: plans that name all earlier plans are
 * printed at every stage's end, and tasks carry the whole lineage. Files end both, outlive a lost executor, and fill disks
 * rather than heaps. Not thread-safe.
 */
public final class ScratchTables implements AutoCloseable {
    private static final String DIRECTORY = "_scratch";
    /** Bounds what a reader holds of long texts. */
    private static final int ROWS_OF_GROUP = 4096;

    private final Storage storage;
    private final Path directory;
    private final IdentityHashMap<Dataset<Row>, Path> places = new IdentityHashMap<>();
    private int tables;

    /** @param below the work directory, which every executor reaches */
    public ScratchTables(Storage storage, Path below) {
        this.storage = storage;
        this.directory = new Path(below, DIRECTORY);
    }

    /**
     * Computes a dataset now.
     *
     * @return the same rows, read from files, in no order
     */
    public Dataset<Row> keep(Dataset<Row> dataset) {
        Path table = new Path(directory, String.valueOf(tables++));
        dataset.write()
                .option("compression", "snappy")
                .option("parquet.block.row.count.limit", ROWS_OF_GROUP)
                // Nobody sees a half-written table, so that files need not be moved twice.
                .option("mapreduce.fileoutputcommitter.algorithm.version", 2)
                .parquet(table.toString());
        Dataset<Row> kept =
                dataset.sparkSession().read().schema(dataset.schema()).parquet(table.toString());
        places.put(kept, table);
        return kept;
    }

    /**
     * Deletes the files of what was kept and is no longer read.
     *
     * @param kept what {@link #keep} returned
     */
    public void drop(Dataset<Row> kept) {
        Path table = places.remove(kept);
        if (table == null) {
            throw new IllegalArgumentException("only what was kept, and not dropped before, can be dropped");
        }
        storage.delete(table);
    }

    @Override
    public void close() {
        storage.delete(directory);
    }
}
