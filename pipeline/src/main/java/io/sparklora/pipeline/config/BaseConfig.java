package io.sparklora.pipeline.config;

import java.nio.file.Path;
import java.util.regex.Pattern;

/** The frozen base model. */
public record BaseConfig(
        @Key(
                "A GGUF file or a Hugging Face directory (config.json and safetensors): a path or `file:` URI that is the same "
                        + "on the driver's and every executor's host, which map it into memory (docs/clusters.md).")
        String model,

        @Key(value = "Number format of the frozen weights.", or = "bf16")
        Dtype dtype,

        @Key(
                value =
                        "Number format of matrix products and activations: `auto` is bf16 where `dtype` is and the executors' "
                                + "processors multiply it, else fp32. A run keeps what it began with; executors that differ are "
                                + "refused.",
                or = "auto")
        Compute compute,

        @Key(
                value = "Where products are computed: `auto` is the GPU where Spark gives a task one (`spark.conf`'s "
                        + "`spark.executor.resource.gpu.amount`), else the processor. A run keeps what it began with.",
                or = "auto")
        Device device) {
    /** Number formats of the frozen weights; adapter, moments and reductions are always fp32. */
    public enum Dtype {
        FP32,
        BF16
    }

    /** Number formats of matrix products. */
    public enum Compute {
        /** As the executors' processors are fastest. */
        AUTO,
        FP32,
        BF16
    }

    /** Kinds of devices. */
    public enum Device {
        /** The GPU that Spark gives a task, else the processor. */
        AUTO,
        CPU,
        GPU
    }

    private static final Pattern SCHEME = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]+:/.*");
    private static final String FILE = "file:";

    /** Refuses a model that no host can map into memory, and products of less precision than the weights have; there is one choice for weights in fp32. */
    public BaseConfig {
        if (SCHEME.matcher(model).matches() && !model.startsWith(FILE)) {
            throw new IllegalArgumentException("model must be a path or a file: URI of every host's own but was '"
                    + model + "': put it at one path on all of them (docs/clusters.md says how)");
        }
        if (dtype == Dtype.FP32 && compute == Compute.BF16) {
            throw new IllegalArgumentException("compute must be auto or fp32 where dtype is fp32 but was bf16");
        }
        if (dtype == Dtype.FP32) {
            compute = Compute.FP32;
        }
    }

    /** Where the model lies on each host. */
    public Path path() {
        return model.startsWith(FILE)
                ? Path.of(new org.apache.hadoop.fs.Path(model).toUri().getPath())
                : Path.of(model);
    }
}
