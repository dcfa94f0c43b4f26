package io.sparklora.pipeline.adapter;

/** The kind of device that products are computed on; kinds sum in other orders. */
public enum DeviceType {
    CPU("cpu"),
    /** One of CUDA's, as Spark gives it to a task. */
    GPU("gpu");

    private final String configName;

    DeviceType(String configName) {
        this.configName = configName;
    }

    /** Its name in the configuration. */
    public String configName() {
        return configName;
    }
}
