package io.sparklora.pipeline.config;

/** Where a run reads and writes: any location that Hadoop's FileSystem opens (file, hdfs, s3a, abfs, gs). */
public record StorageConfig(
        @Key(value = "Directory of datasets, checkpoints, adapters and results.", or = "runs", pattern = ".+")
        String runs,

        @Key(value = "Directory of published versions.", or = "registry", pattern = ".+")
        String registry,

        @Key(
                value = "Directory on each host for the dequantised base model, shared by the host's executors; "
                        + "empty for `.cache/spark-lora` in the user's home.",
                or = "''")
        String cache) {}
