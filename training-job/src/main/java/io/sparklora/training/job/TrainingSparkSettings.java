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
            "spark.task.reaper.killTimeout", "60s",
            // So that Spark tells the driver of executors that are to end, and gives them no more tasks.
            "spark.decommission.enabled", "true");

    /**
     * An executor whose process says nothing for 25 s is lost: Spark has the cluster manager kill and replace it, and the
     * attempt fails. Spark's own defaults: every 10 s, 120 s, looked at every 60 s. A thread of its own sends the
     * heartbeats, so that a long native call is no silence.
     */
    private static final Map<String, String> SILENCE = Map.of(
            "spark.executor.heartbeatInterval", "5s",
            "spark.storage.blockManagerHeartbeatTimeoutMs", "25s",
            "spark.network.timeoutInterval", "1s");

    private TrainingSparkSettings() {}

    /** Sets what must be, and what the user has not set. */
    public static SparkConf apply(SparkConf conf) {
        REQUIRED.forEach(conf::set);
        DEFAULTS.forEach(conf::setIfMissing);
        // They hang together. In local mode the driver is its own executor, and a user may well suspend it.
        if (!isLocal(conf.get("spark.master", ""))
                && SILENCE.keySet().stream().noneMatch(conf::contains)
                && !conf.contains("spark.network.timeout")) {
            SILENCE.forEach(conf::set);
        }
        return conf;
    }

    private static boolean isLocal(String master) {
        return master.equals("local") || master.startsWith("local[");
    }
}
