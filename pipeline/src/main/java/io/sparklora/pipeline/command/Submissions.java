package io.sparklora.pipeline.command;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.Stage;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.pipeline.basemodel.InvalidBaseModelException;
import io.sparklora.pipeline.config.RunConfig;
import io.sparklora.pipeline.config.SparkConfig;
import java.io.File;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.regex.Pattern;

/** How each stage of a run is submitted: the spark-submit command with its master and settings. */
final class Submissions {
    private static final String LOCAL = "local";
    private static final Pattern RESOURCE = Pattern.compile("spark[.](executor|task)[.]resource[.].*");
    /** Settings that the user's values are added to; every other value of the user's replaces ours. */
    private static final Map<String, String> JOINED = Map.of(
            "spark.driver.extraJavaOptions",
            " ",
            "spark.executor.extraJavaOptions",
            " ",
            "spark.driver.extraClassPath",
            File.pathSeparator,
            "spark.executor.extraClassPath",
            File.pathSeparator,
            SparkConfig.PLUGINS,
            ",",
            "spark.jars",
            ",",
            "spark.jars.packages",
            ",");

    private final Installation installation;
    private final RunConfig config;
    private final List<String> arguments;

    /**
     * @param location the configuration file as the user named it
     * @param overrides {@code a.b=c}
     */
    Submissions(Installation installation, RunConfig config, String location, List<String> overrides) {
        this.installation = installation;
        this.config = config;
        List<String> words = new ArrayList<>(List.of(location));
        overrides.forEach(override -> words.addAll(List.of("--set", override)));
        this.arguments = List.copyOf(words);
    }

    /** The command of a stage. */
    SparkSubmit of(Stage stage) {
        SparkConfig spark = config.spark();
        List<String> words = new ArrayList<>(List.of(installation.sparkSubmit().toString()));
        String master = master(stage);
        if (!master.isEmpty()) {
            words.addAll(List.of("--master", master));
        }
        if (!isLocal(master)) {
            String mode = spark.deployMode().name().toLowerCase(Locale.ROOT);
            words.addAll(List.of("--deploy-mode", mode));
        }
        words.addAll(List.of("--class", stage.mainClass()));
        words.addAll(List.of("--name", "spark-lora " + stage.word() + " " + config.name()));
        words.addAll(List.of("--driver-memory", spark.driverMemory()));
        Map<String, String> settings = settings(stage, isLocal(master));
        if (stage == Stage.PREPARE) {
            settings.putAll(rapids().settings());
        }
        boolean isRemote = RemoteDriver.runs(spark, stage);
        if (isRemote) {
            settings.putAll(RemoteDriver.settings());
        }
        new TreeMap<>(spark.conf()).forEach((key, value) -> join(settings, key, value));
        if (!Rapids.schedulesGpus(master)) {
            settings.keySet().removeIf(key -> RESOURCE.matcher(key).matches());
        }
        settings.forEach((key, value) -> words.addAll(List.of("--conf", key + "=" + value)));
        Path jar = installation.jar(stage.module());
        words.add(isRemote ? RemoteDriver.application(spark, jar) : jar.toString());
        words.addAll(arguments);
        return new SparkSubmit(isLocal(master) ? localEnvironment() : Map.of(), words);
    }

    /**
     * Whether prepare runs on GPUs.
     *
     * @throws StageFailure ({@link ExitCode#USAGE}) where RAPIDS is asked for and cannot start
     */
    Rapids rapids() {
        return Rapids.of(config.spark(), master(Stage.PREPARE), installation.sparkHome());
    }

    /** A command of a module's own on this machine, without executors. */
    static SparkSubmit onThisMachine(
            Installation installation, String mainClass, String module, List<String> arguments) {
        Map<String, String> settings = new LinkedHashMap<>();
        settings.put("spark.ui.enabled", "false");
        jvm(installation, settings, "driver");
        List<String> words = new ArrayList<>(List.of(installation.sparkSubmit().toString()));
        words.addAll(List.of("--master", "local[1]", "--driver-memory", "4g", "--class", mainClass));
        settings.forEach((key, value) -> words.addAll(List.of("--conf", key + "=" + value)));
        words.add(installation.jar(module).toString());
        words.addAll(arguments);
        return new SparkSubmit(localEnvironment(), words);
    }

    private String master(Stage stage) {
        String master = config.spark().master();
        // Publishing needs no Spark at all: its main starts no SparkContext.
        if (stage == Stage.PUBLISH) {
            return "local[1]";
        }
        if (!master.equals(LOCAL)) {
            return master;
        }
        return stage == Stage.PREPARE
                ? "local[*]"
                : "local-cluster[" + config.train().executors() + ","
                        + config.train().threads() + ","
                        + mebibytes(config.spark().executorMemory()) + "]";
    }

    private static boolean isLocal(String master) {
        return master.startsWith(LOCAL);
    }

    private static long mebibytes(String memory) {
        long number = Long.parseLong(memory.substring(0, memory.length() - 1));
        return memory.endsWith("g") ? Math.multiplyExact(number, 1024L) : number;
    }

    private Map<String, String> settings(Stage stage, boolean local) {
        Map<String, String> settings = new LinkedHashMap<>();
        if (local) {
            settings.put("spark.ui.enabled", "false");
            settings.put("spark.sql.warehouse.dir", installation.warehouse().toString());
            jvm(installation, settings, "driver");
        } else {
            settings.put("spark.driver.extraJavaOptions", "-Dai.djl.offline=true");
        }
        if (stage != Stage.PUBLISH) {
            settings.put("spark.executor.memory", config.spark().executorMemory());
        }
        if (stage == Stage.TRAIN || stage == Stage.EVALUATE) {
            ranks(settings, local);
        }
        return settings;
    }

    /** One task an executor, with all of its threads; a barrier job needs all executors at once. */
    private void ranks(Map<String, String> settings, boolean local) {
        int executors = config.train().executors();
        String threads = String.valueOf(config.train().threads());
        settings.put("spark.executor.instances", String.valueOf(executors));
        settings.put("spark.executor.cores", threads);
        settings.put("spark.task.cpus", threads);
        settings.put(
                "spark.cores.max",
                String.valueOf((long) executors * config.train().threads()));
        // More threads than cores made steps 5 to 20 times slower.
        settings.put("spark.executorEnv.OMP_NUM_THREADS", threads);
        settings.put("spark.dynamicAllocation.enabled", "false");
        settings.put("spark.speculation", "false");
        settings.put("spark.barrier.sync.timeout", "120s");
        settings.put("spark.scheduler.barrier.maxConcurrentTasksCheck.interval", "1s");
        if (local) {
            jvm(installation, settings, "executor");
        } else {
            settings.put("spark.executor.extraJavaOptions", "-Dai.djl.offline=true");
            overheadMebibytes().ifPresent(most -> settings.put("spark.executor.memoryOverhead", most + "m"));
            installation.nativesClassPath().ifPresent(jars -> settings.put("spark.executor.extraClassPath", jars));
        }
    }

    /**
     * Cluster managers kill an executor that outgrows heap and overhead, and Spark's own guess at the latter knows nothing
     * of a model. Empty where the model cannot be read here: the stage says why, if it cannot either.
     */
    private OptionalLong overheadMebibytes() {
        try (BaseModel base = BaseModel.open(config.base().path())) {
            return OptionalLong.of(MemoryEstimate.of(config, base).overheadMebibytes());
        } catch (InvalidBaseModelException e) {
            return OptionalLong.empty();
        }
    }

    private static void jvm(Installation installation, Map<String, String> settings, String process) {
        StringBuilder options = new StringBuilder("-Dai.djl.offline=true");
        installation.quietLogging().ifPresent(file -> options.append(" -Dlog4j2.configurationFile=")
                .append(file));
        settings.put("spark." + process + ".extraJavaOptions", options.toString());
        installation.nativesClassPath().ifPresent(jars -> settings.put("spark." + process + ".extraClassPath", jars));
    }

    private static void join(Map<String, String> settings, String key, String value) {
        if (JOINED.containsKey(key)) {
            settings.merge(key, value, (ours, theirs) -> ours + JOINED.get(key) + theirs);
        } else {
            settings.put(key, value);
        }
    }

    private static Map<String, String> localEnvironment() {
        return Map.of("SPARK_LOCAL_IP", "127.0.0.1", "SPARK_SCALA_VERSION", "2.13");
    }
}
