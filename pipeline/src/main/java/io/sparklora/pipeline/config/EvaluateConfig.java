package io.sparklora.pipeline.config;

/** How the adapter is judged on the validation split. */
public record EvaluateConfig(
        @Key(value = "The gate that a new version must pass.", or = "{}")
        Gate gate) {
    /** What the adapter must beat, and by how much. */
    public record Gate(
            @Key(
                    value =
                            "What the adapter is compared with: the champion (the base while there is none), or the base alone.",
                    or = "champion")
            Against against,

            @Key(value = "How much lower the adapter's loss must be, in nats a token.", or = "0.0", min = 0)
            double minImprovement) {}

    /** What the adapter is compared with. */
    public enum Against {
        CHAMPION,
        BASE
    }
}
