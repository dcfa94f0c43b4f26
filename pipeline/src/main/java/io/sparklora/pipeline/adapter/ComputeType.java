package io.sparklora.pipeline.adapter;

import io.sparklora.pipeline.config.BaseConfig;
import io.sparklora.pipeline.config.BaseConfig.Dtype;
import java.util.Optional;

/**
 * The number type of matrix products and activations. Part of what decides an adapter's bytes, so a run records it and
 * all its ranks use the same. Adapter weights, norms, softmax statistics, the residual's gradient and all sums of losses
 * are fp32 or wider either way.
 */
public enum ComputeType {
    /** Single precision; weights stored in another type are widened piece by piece just before use. */
    FP32("fp32"),
    /** bfloat16 operands with fp32 accumulation. */
    BF16("bf16");

    private final String configName;

    ComputeType(String configName) {
        this.configName = configName;
    }

    /** Its name in the configuration. */
    public String configName() {
        return configName;
    }

    /** The type that a configuration names; empty where it leaves it to the processor. */
    public static Optional<ComputeType> named(BaseConfig.Compute compute) {
        return switch (compute) {
            case AUTO -> Optional.empty();
            case FP32 -> Optional.of(FP32);
            case BF16 -> Optional.of(BF16);
        };
    }

    /**
     * The fastest type on this host's processor that the stored weights justify: bf16 for weights stored in bf16 where it
     * multiplies bf16 natively (x86 with AVX512-BF16 or AMX-BF16), else fp32. Without such instructions bf16 products are
     * emulated and three times slower than fp32 ones.
     */
    public static ComputeType ofProcessor(Dtype stored) {
        return stored == Dtype.BF16 && ProcessorFeatures.ofHost().multipliesBf16() ? BF16 : FP32;
    }

    /** The type of the stored weights, which GPUs of the last years multiply (NVIDIA's from Ampere on). */
    public static ComputeType ofGpu(Dtype stored) {
        return stored == Dtype.BF16 ? BF16 : FP32;
    }
}
