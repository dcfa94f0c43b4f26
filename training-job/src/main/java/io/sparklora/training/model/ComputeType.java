package io.sparklora.training.model;

import ai.djl.Device;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The number type of matrix products and activations. Part of what decides an adapter's bytes, so a run records it and
 * all its ranks use the same. Adapter weights, norms, softmax statistics, the residual's gradient and all sums of losses
 * are fp32 or wider either way.
 */
public enum ComputeType {
    /** Single precision; weights stored in another type are widened piece by piece just before use. */
    FP32(6),
    /** bfloat16 operands with fp32 accumulation. */
    BF16(15);

    private static final Path CPU_FLAGS = Path.of("/proc/cpuinfo");
    private static final List<String> BF16_FLAGS = List.of(" avx512_bf16 ", " amx_bf16 ");

    private final int torchCode;

    ComputeType(int torchCode) {
        this.torchCode = torchCode;
    }

    /** The number that stands for it in TorchScript. */
    int torchCode() {
        return torchCode;
    }

    /**
     * The fastest type that the stored weights justify: bf16 for weights stored in bf16 where the device multiplies bf16
     * natively (every CUDA device that PyTorch 2.7 runs on with compute capability 8 or newer; x86 CPUs with AVX512-BF16
     * or AMX-BF16), else fp32. On CPUs without such instructions bf16 products are emulated and three times slower than
     * fp32 ones.
     */
    public static ComputeType fastest(WeightType stored, Device device) {
        if (stored == WeightType.FP32) {
            return FP32;
        }
        return device.isGpu() || cpuMultipliesBf16(CPU_FLAGS) ? BF16 : FP32;
    }

    static boolean cpuMultipliesBf16(Path flags) {
        try {
            return Files.readAllLines(flags).stream()
                    .filter(line -> line.startsWith("flags"))
                    .anyMatch(line -> BF16_FLAGS.stream().anyMatch((line + " ")::contains));
        } catch (IOException e) {
            // Another operating system: no such file, and no bf16 kernels of PyTorch's that would be faster.
            return false;
        }
    }
}
