package io.sparklora.training.model;

import ai.djl.Device;
import io.sparklora.pipeline.adapter.Arithmetic;
import io.sparklora.pipeline.adapter.ComputeType;
import io.sparklora.pipeline.adapter.DeviceType;

/**
 * Where and how a program computes; chosen once a run. Equal placements on equal hardware give equal bytes.
 *
 * @param device the device that holds tensors
 * @param compute number type of products and activations
 * @param threads CPU threads of one native call, at least 1; more than the cores a task owns makes steps many times
 *     slower
 */
public record Placement(Device device, ComputeType compute, int threads) {
    /** Checks the number of threads. */
    public Placement {
        if (threads < 1) {
            throw new IllegalArgumentException("threads must be at least 1 but was " + threads);
        }
    }

    /** What decides its results' last bits. */
    Arithmetic arithmetic() {
        return new Arithmetic(device.isGpu() ? DeviceType.GPU : DeviceType.CPU, compute);
    }

    /** The number that stands for the compute type in TorchScript. */
    int computeCode() {
        return (compute == ComputeType.BF16 ? WeightType.BF16 : WeightType.FP32).torchCode();
    }

    /** The device's name in PyTorch. */
    String place() {
        return device.isGpu() ? "cuda:" + device.getDeviceId() : "cpu";
    }

    /** How attention is computed there. */
    AttentionKernel attention() {
        return device.isGpu() ? AttentionKernel.BLOCKS : AttentionKernel.FUSED;
    }
}
