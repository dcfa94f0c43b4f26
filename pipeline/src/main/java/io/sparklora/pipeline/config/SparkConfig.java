package io.sparklora.pipeline.config;

import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** How the stages are submitted to Spark. */
public record SparkConfig(
        @Key(
                value = "Spark master; `local` runs executor processes on this machine (local-cluster) with "
                        + "`train.executors` and `train.threads`; empty for spark-submit's own default.",
                or = "local")
        String master,

        @Key(
                value =
                        "Where drivers run: `client` on the machine that submits them, `cluster` on a host that the cluster "
                                + "manager chooses, which must find configuration, model and storage under the same names "
                                + "(docs/clusters.md). Publishing runs on the machine that submits.",
                or = "client")
        DeployMode deployMode,

        @Key(value = "Heap of the driver.", or = "2g", pattern = "[1-9][0-9]*[mg]")
        String driverMemory,

        @Key(
                value = "Heap of an executor; native memory for model and activations comes on top.",
                or = "1g",
                pattern = "[1-9][0-9]*[mg]")
        String executorMemory,

        @Key(
                value = "Whether prepare runs on GPUs with RAPIDS; `auto` where `spark.conf` gives an executor a GPU"
                        + " (`spark.executor.resource.gpu.amount`) and the jar of RAPIDS is known.",
                or = "auto")
        Rapids rapids,

        @Key(
                value = "Jar of RAPIDS, a path or Maven coordinates such as `com.nvidia:rapids-4-spark_2.13:26.08.1`;"
                        + " empty where Spark's own jars hold it.",
                or = "''")
        String rapidsJar,

        @Key(value = "Further settings for spark-submit, as spark.key: value.", or = "{}")
        Map<String, String> conf) {
    /** Setting with the GPUs of an executor. */
    public static final String EXECUTOR_GPUS = "spark.executor.resource.gpu.amount";

    /** Setting with the classes that Spark loads into every process. */
    public static final String PLUGINS = "spark.plugins";

    /** The class of RAPIDS among {@link #PLUGINS}. */
    public static final String RAPIDS_PLUGIN = "com.nvidia.spark.SQLPlugin";

    /** Settings, one a cluster manager, that make spark-submit wait for a driver elsewhere. */
    public static final List<String> WAITS = List.of(
            "spark.standalone.submit.waitAppCompletion",
            "spark.yarn.submit.waitAppCompletion",
            "spark.kubernetes.submission.waitAppCompletion");

    private static final String NOTHING = "0";
    private static final String DEPLOY_MODE = "spark.submit.deployMode";

    /** Refuses a driver elsewhere that is not waited for, RAPIDS without its GPU, and RAPIDS in every stage. */
    public SparkConfig {
        conf = Map.copyOf(conf);
        if (conf.containsKey(DEPLOY_MODE)) {
            throw new IllegalArgumentException(
                    "must not have conf." + DEPLOY_MODE + " " + conf.get(DEPLOY_MODE) + ": deploy-mode says it");
        }
        if (deployMode == DeployMode.CLUSTER) {
            refuseUnwaited(master, conf);
        }
        // Without a GPU the plugin ends its JVM, and it takes no more than one.
        if (rapids == Rapids.ON && !executorGpus(conf).equals("1")) {
            throw new IllegalArgumentException(
                    "needs conf." + EXECUTOR_GPUS + " 1 for rapids on, but it was " + executorGpus(conf));
        }
        if (Arrays.asList(conf.getOrDefault(PLUGINS, "").split("\\s*,\\s*", -1)).contains(RAPIDS_PLUGIN)) {
            throw new IllegalArgumentException("must not name " + RAPIDS_PLUGIN + " in conf." + PLUGINS
                    + ", which would take the GPU's memory from training; rapids: on switches it on for prepare");
        }
    }

    /** GPUs of an executor as `conf` says it; 0 where it does not. */
    public String executorGpus() {
        return executorGpus(conf);
    }

    private static void refuseUnwaited(String master, Map<String, String> conf) {
        if (master.startsWith("local")) {
            throw new IllegalArgumentException(
                    "needs a cluster's master for deploy-mode cluster, but it was " + master);
        }
        for (String wait : WAITS) {
            if (!conf.getOrDefault(wait, "true").equals("true")) {
                throw new IllegalArgumentException(
                        "must have conf." + wait + " true in deploy-mode cluster, but it was " + conf.get(wait)
                                + ": what follows a stage needs its result");
            }
        }
    }

    private static String executorGpus(Map<String, String> conf) {
        return conf.getOrDefault(EXECUTOR_GPUS, NOTHING);
    }

    /** Where drivers run. */
    public enum DeployMode {
        CLIENT,
        CLUSTER
    }

    /** Whether prepare runs on GPUs. */
    public enum Rapids {
        AUTO,
        ON,
        OFF
    }
}
