package io.sparklora.training.model;

import ai.djl.Device;
import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.adapter.Arithmetic;
import io.sparklora.pipeline.adapter.ComputeType;
import io.sparklora.pipeline.adapter.DeviceType;
import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.pipeline.basemodel.InvalidBaseModelException;
import io.sparklora.pipeline.config.BaseConfig;
import io.sparklora.pipeline.config.BaseConfig.Compute;
import io.sparklora.pipeline.config.RunConfig;
import io.sparklora.pipeline.run.ContentKey;
import io.sparklora.training.full.WholeModel;
import io.sparklora.training.lora.Finetuning;
import io.sparklora.training.lora.LoraInitializer;
import io.sparklora.training.lora.LoraLayout;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.OptionalInt;

/**
 * Where a host finds the base model and how its processes compute with it; the same on every host of a run.
 *
 * @param model absolute path of the GGUF file or the Hugging Face directory
 * @param cache directory for the dequantised weights; empty for {@code .cache/spark-lora} in the user's home on each host
 * @param stored number type of the frozen weights
 * @param compute number type of products; {@code auto} for the fastest of the device
 * @param device where products are computed; {@code auto} for the task's GPU, if it has one
 * @param threads threads of one native call, at least 1
 */
public record HostModel(
        String model, String cache, WeightType stored, Compute compute, BaseConfig.Device device, int threads)
        implements Serializable {
    /** One for this process alone, on its processor, in the number type that this multiplies fastest. */
    public static HostModel onProcessor(String model, String cache, WeightType stored, int threads) {
        return new HostModel(model, cache, stored, Compute.AUTO, BaseConfig.Device.CPU, threads);
    }

    /** What a configuration says, a relative path taken from this process' working directory. */
    public static HostModel of(RunConfig config) {
        return new HostModel(
                config.base().path().toAbsolutePath().normalize().toString(),
                config.storage().cache(),
                WeightType.of(config.base().dtype()),
                config.base().compute(),
                config.base().device(),
                config.train().threads());
    }

    /** The same with a number type of products that is settled. */
    public HostModel computing(ComputeType type) {
        return new HostModel(
                model, cache, stored, type == ComputeType.BF16 ? Compute.BF16 : Compute.FP32, device, threads);
    }

    /** The same where number type and device are settled. */
    public HostModel computing(Arithmetic settled) {
        return new HostModel(
                model,
                cache,
                stored,
                settled.compute() == ComputeType.BF16 ? Compute.BF16 : Compute.FP32,
                settled.device() == DeviceType.GPU ? BaseConfig.Device.GPU : BaseConfig.Device.CPU,
                threads);
    }

    /**
     * Opens the base model; the caller closes it.
     *
     * @throws StageFailure ({@link ExitCode#MISMATCH}) where it is missing or malformed
     */
    public BaseModel open() {
        try {
            return BaseModel.open(Path.of(model));
        } catch (InvalidBaseModelException e) {
            throw new StageFailure(ExitCode.MISMATCH, String.valueOf(e.getMessage()), e);
        }
    }

    /**
     * Opens the base model where it is the expected one; the caller closes it.
     *
     * @throws StageFailure ({@link ExitCode#MISMATCH}) where it is missing, malformed or another, naming both
     */
    public BaseModel open(ContentKey expected) {
        BaseModel base = open();
        String found = base.contentHash().sha256();
        if (!found.equals(expected.hex())) {
            base.close();
            throw new StageFailure(
                    ExitCode.MISMATCH,
                    "the base model " + model + " has content hash " + found
                            + " but the dataset and the adapter were made" + " for " + expected.hex());
        }
        return base;
    }

    /**
     * What is trained before the first step: of an adapter A random, B zero, DoRA's magnitudes the norms of the weights' rows,
     * modules that are trained whole as they are in the base; of every weight the base's own.
     *
     * @param seed of A
     */
    public float[] initialParameters(BaseModel base, Finetuning finetuning, long seed) {
        LoraLayout layout = finetuning.layout(base.shape());
        if (!layout.whole().isEmpty()) {
            return WholeModel.of(base).parameters();
        }
        float[] parameters = LoraInitializer.seeded(seed).initial(layout);
        new WeightNorms(base, stored).fill(layout, parameters);
        new BaseCopies(base, stored).fill(layout, parameters);
        return parameters;
    }

    /** Opens a program for what is trained, its parameters zero; the caller closes it. */
    public TorchScriptProgram program(BaseModel base, Finetuning finetuning, TaskGpu gpu) {
        return program(base, finetuning, gpu, TrainingOptions.PLAIN);
    }

    /**
     * The same for training.
     *
     * @param gpu what Spark gave the task to compute on
     * @param training what it does where it computes gradients
     */
    public TorchScriptProgram program(BaseModel base, Finetuning finetuning, TaskGpu gpu, TrainingOptions training) {
        return TorchScriptProgram.open(
                base, cacheDirectory(), stored, finetuning.layout(base.shape()), placement(gpu), training);
    }

    /**
     * Where a task computes.
     *
     * @throws StageFailure ({@link ExitCode#USAGE}) where it needs a GPU and has none
     */
    Placement placement(TaskGpu gpu) {
        Device place = place(gpu);
        return new Placement(place, ComputeType.named(compute).orElseGet(() -> fastest(place)), threads);
    }

    private ComputeType fastest(Device place) {
        return place.isGpu() ? ComputeType.ofGpu(stored.dtype()) : ComputeType.ofProcessor(stored.dtype());
    }

    private Device place(TaskGpu gpu) {
        OptionalInt assigned = gpu.assigned();
        return switch (device) {
            case CPU -> Device.cpu();
            case AUTO -> assigned.isPresent() ? Device.gpu(assigned.getAsInt()) : Device.cpu();
            case GPU -> {
                if (assigned.isEmpty() && !gpu.local()) {
                    throw new StageFailure(
                            ExitCode.USAGE,
                            "products are to be computed on a GPU (base.device, or what the run began with), but Spark gave"
                                    + " the task none: set spark.executor.resource.gpu.amount to 1");
                }
                yield Device.gpu(assigned.orElse(0));
            }
        };
    }

    private Path cacheDirectory() {
        return cache.isEmpty() ? Path.of(System.getProperty("user.home"), ".cache", "spark-lora") : Path.of(cache);
    }
}
