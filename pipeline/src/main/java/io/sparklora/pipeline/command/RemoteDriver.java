package io.sparklora.pipeline.command;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.Stage;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.config.RunConfig;
import io.sparklora.pipeline.config.SparkConfig;
import java.net.URI;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * A driver that the cluster manager starts on a host of the cluster: Spark's deploy mode cluster. What is submitted for
 * it, and what it must be able to find there.
 */
final class RemoteDriver {
    private static final Pattern SCHEME = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]+:.*");
    private static final String KUBERNETES = "k8s://";
    /** Where spark-submit copies local files for drivers on Kubernetes. */
    private static final String UPLOAD_PATH = "spark.kubernetes.file.upload.path";

    private RemoteDriver() {}

    /** Whether a stage's driver is one; publishing needs no cluster, and runs where it is asked for. */
    static boolean runs(SparkConfig spark, Stage stage) {
        return spark.deployMode() == SparkConfig.DeployMode.CLUSTER && stage != Stage.PUBLISH;
    }

    /** So that the command ends when the stage has, and the stage is tried once. Each cluster manager reads its own. */
    static Map<String, String> settings() {
        Map<String, String> settings = new LinkedHashMap<>();
        SparkConfig.WAITS.forEach(wait -> settings.put(wait, "true"));
        // A second attempt would do again what was refused for good. It is the conductor's caller who knows what to
        // retry.
        settings.put("spark.yarn.maxAppAttempts", "1");
        // Spark's own 100 s are too few: a stage looks at model, corpus and dataset before it starts a SparkContext.
        settings.put("spark.yarn.am.waitTime", "1h");
        return settings;
    }

    /** How a stage's jar is named: on Kubernetes it is in the image, at this path, unless there is a place to upload it. */
    static String application(SparkConfig spark, Path jar) {
        boolean isInImage =
                spark.master().startsWith(KUBERNETES) && !spark.conf().containsKey(UPLOAD_PATH);
        return isInImage ? "local://" + jar : jar.toString();
    }

    /**
     * Refuses what a driver would look for in the working directory of another host, or not find there at all.
     *
     * @param location the configuration file as the user named it
     * @throws StageFailure ({@link ExitCode#USAGE}) naming it
     */
    static void requireReachable(RunConfig config, String location) {
        if (!runs(config.spark(), Stage.TRAIN)) {
            return;
        }
        if (!SCHEME.matcher(location).matches()) {
            throw new StageFailure(
                    ExitCode.USAGE,
                    "the configuration must be a URI in spark.deploy-mode cluster, where the driver reads it on another host, "
                            + "but was '" + location + "': put it on the storage (hdfs:, s3a:), or say "
                            + fileUri(location)
                            + " where every host has it there");
        }
        locations(config).forEach(RemoteDriver::requireAbsolute);
    }

    private static Map<String, String> locations(RunConfig config) {
        Map<String, String> locations = new LinkedHashMap<>();
        locations.put("base.model", config.base().model());
        locations.put("storage.runs", config.storage().runs());
        locations.put("storage.registry", config.storage().registry());
        config.inputs().forEach((key, source) -> {
            if (!source.path().isEmpty()) {
                locations.put(key + ".path", source.path());
            }
        });
        return locations;
    }

    private static void requireAbsolute(String key, String location) {
        if (!location.startsWith("/") && !SCHEME.matcher(location).matches()) {
            throw new StageFailure(
                    ExitCode.USAGE,
                    key
                            + " must be a URI or an absolute path in spark.deploy-mode cluster, where the driver has a working "
                            + "directory on another host, but was '" + location + "'");
        }
    }

    private static URI fileUri(String location) {
        return Path.of(location).toAbsolutePath().normalize().toUri();
    }
}
