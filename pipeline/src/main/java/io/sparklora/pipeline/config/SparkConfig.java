package io.sparklora.pipeline.config;

import java.util.Map;

/** How the stages are submitted to Spark. */
public record SparkConfig(
        @Key(
                value = "Spark master; `local` runs executor processes on this machine (local-cluster) with "
                        + "`train.executors` and `train.threads`; empty for spark-submit's own default.",
                or = "local")
        String master,

        @Key(value = "Heap of the driver.", or = "2g", pattern = "[1-9][0-9]*[mg]")
        String driverMemory,

        @Key(
                value = "Heap of an executor; native memory for model and activations comes on top.",
                or = "1g",
                pattern = "[1-9][0-9]*[mg]")
        String executorMemory,

        @Key(value = "Further settings for spark-submit, as spark.key: value.", or = "{}")
        Map<String, String> conf) {
    public SparkConfig {
        conf = Map.copyOf(conf);
    }
}
