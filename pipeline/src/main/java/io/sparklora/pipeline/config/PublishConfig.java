package io.sparklora.pipeline.config;

/** How the adapter is published. */
public record PublishConfig(
        @Key(value = "Pointer that is moved to the new version.", or = "champion", pattern = "[a-z][a-z0-9-]{0,62}")
        String alias,

        @Key(
                value = "Prompt that a run's last line suggests to try the adapter with.",
                or = "Once upon a time",
                pattern = ".+")
        String prompt,

        @Key(
                value =
                        "Who can load what is published: `portable` for vLLM, llama.cpp and PEFT alike; `peft` for PEFT alone.",
                or = "portable")
        Profile profile) {
    /** Who shall be able to load the adapter. */
    public enum Profile {
        PORTABLE,
        PEFT
    }
}
