package io.sparklora.pipeline.adapter;

/**
 * What decides the last bits of an adapter beside its data and settings; a run keeps what it began with.
 *
 * @param device where products are computed
 * @param compute number type of products and activations
 */
public record Arithmetic(DeviceType device, ComputeType compute) {
    /** As in {@code bf16 on gpu}. */
    @Override
    public String toString() {
        return compute.configName() + " on " + device.configName();
    }
}
