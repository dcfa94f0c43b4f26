package io.sparklora.training.job;

import java.util.Map;
import org.apache.spark.SparkConf;

/** Spark settings without which a barrier job waits for ever, loses its peers or runs a rank twice. */
public final class TrainingSparkSettings {
    private static final Map<String, String> REQUIRED = Map.of(
            "spark.dynamicAllocation.enabled", "false",
            "spark.speculation", "false");

    private static final Map<String, String> DEFAULTS = Map.of(
            // Spark's own defaults: a year, 15 seconds, never.
            "spark.barrier.sync.timeout", "120s",
            "spark.scheduler.barrier.maxConcurrentTasksCheck.interval", "1s",
            "spark.task.reaper.enabled", "true",
            "spark.task.reaper.killTimeout", "60s");

    private TrainingSparkSettings() {}

    /** Sets what must be, and what the user has not set. */
    public static SparkConf apply(SparkConf conf) {
        REQUIRED.forEach(conf::set);
        DEFAULTS.forEach(conf::setIfMissing);
        return conf;
    }
}
