package io.sparklora.pipeline.config;

/** The frozen base model. */
public record BaseConfig(
        @Key("A GGUF file or a Hugging Face directory (config.json and safetensors).")
        String model,

        @Key(value = "Number format of the frozen weights.", or = "bf16")
        Dtype dtype) {
    /** Number formats of the frozen weights; adapter, moments and reductions are always fp32. */
    public enum Dtype {
        FP32,
        BF16
    }
}
