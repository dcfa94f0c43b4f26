package io.sparklora.pipeline.config;

/** How the adapter is published. */
public record PublishConfig(
        @Key(value = "Pointer that is moved to the new version.", or = "champion", pattern = "[a-z][a-z0-9-]{0,62}")
        String alias) {}
