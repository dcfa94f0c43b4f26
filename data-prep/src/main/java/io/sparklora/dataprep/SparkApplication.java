package io.sparklora.dataprep;

import org.apache.spark.sql.SparkSession;
import org.jspecify.annotations.Nullable;

/** The Spark session of a stage, started when it is first needed: a stage that finds its work done starts none. */
final class SparkApplication implements AutoCloseable {
    private static final int LISTING_TASKS = 16;

    private @Nullable SparkSession started;

    /** The session, with the settings that the dataset's bytes depend on. */
    SparkSession session() {
        SparkSession session = started;
        if (session == null) {
            session = SparkSession.builder()
                    .appName("spark-lora prepare")
                    .config("spark.sql.ansi.enabled", true)
                    .config("spark.sql.session.timeZone", "UTC")
                    // A glob of many files would be listed by a task a file.
                    .config("spark.sql.sources.parallelPartitionDiscovery.parallelism", LISTING_TASKS)
                    .config("spark.sql.parquet.writeLegacyFormat", false)
                    .getOrCreate();
            started = session;
        }
        return session;
    }

    @Override
    public void close() {
        if (started != null) {
            started.stop();
        }
    }
}
