package io.sparklora.dataprep.step;

import java.util.ArrayDeque;
import java.util.Deque;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.storage.StorageLevel;

/** What one preparation keeps on the executors, in memory and on their disks, until it is closed. */
public final class CachedDatasets implements AutoCloseable {
    private final Deque<Dataset<Row>> kept = new ArrayDeque<>();

    /** Marks a dataset to be kept from its first use on. */
    public Dataset<Row> keep(Dataset<Row> dataset) {
        Dataset<Row> cached = dataset.persist(StorageLevel.MEMORY_AND_DISK());
        kept.push(cached);
        return cached;
    }

    @Override
    public void close() {
        kept.forEach(Dataset::unpersist);
        kept.clear();
    }
}
