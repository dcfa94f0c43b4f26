package io.sparklora.training.model;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.config.BaseConfig;
import java.util.Optional;
import java.util.OptionalInt;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.resource.ResourceInformation;

/**
 * The GPU that a Spark task may compute on.
 *
 * @param assigned index of the GPU that Spark gave the task, if it gave it one; CUDA's numbering in the executor's process
 * @param local whether Spark runs in local mode, which knows no resources: the task may take a GPU unasked
 */
public record TaskGpu(OptionalInt assigned, boolean local) {
    private static final String AMOUNT_OF_EXECUTOR = "spark.executor.resource.gpu.amount";
    private static final String AMOUNT_OF_TASK = "spark.task.resource.gpu.amount";
    private static final String RESOURCE = "gpu";

    /** None, as on a machine without Spark. */
    public static final TaskGpu NONE = new TaskGpu(OptionalInt.empty(), false);

    /**
     * That of a task.
     *
     * @throws StageFailure ({@link ExitCode#USAGE}) where its address is no index
     */
    public static TaskGpu of(TaskContext task) {
        boolean local = SparkEnv.get().conf().get("spark.master", "").startsWith("local[");
        return of(Optional.ofNullable(task.resourcesJMap().get(RESOURCE)), local);
    }

    static TaskGpu of(Optional<ResourceInformation> gpu, boolean local) {
        return new TaskGpu(
                gpu.map(given -> OptionalInt.of(index(given.addresses()[0]))).orElse(OptionalInt.empty()), local);
    }

    private static int index(String address) {
        if (!address.matches("[0-9]{1,4}")) {
            throw new StageFailure(
                    ExitCode.USAGE,
                    "Spark gave a task the GPU '" + address
                            + "', but training takes indices such as 0: let the resource's discovery script print them");
        }
        return Integer.parseInt(address);
    }

    /** Has each task ask for one GPU where executors have some and one may be used: unasked, Spark gives tasks none. */
    public static SparkConf request(SparkConf conf, BaseConfig.Device wanted) {
        boolean there = conf.getInt(AMOUNT_OF_EXECUTOR, 0) > 0;
        return there && wanted != BaseConfig.Device.CPU ? conf.setIfMissing(AMOUNT_OF_TASK, "1") : conf;
    }
}
