package io.sparklora.training.generation;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.adapter.AdapterManifest;
import io.sparklora.pipeline.registry.VersionManifest;
import io.sparklora.pipeline.run.ContentKey;
import io.sparklora.pipeline.run.Json;
import io.sparklora.pipeline.run.RunLayout;
import io.sparklora.pipeline.run.Storage;
import io.sparklora.training.lora.PeftConfig;
import io.sparklora.training.model.WeightType;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.hadoop.fs.Path;
import org.jspecify.annotations.Nullable;

/**
 * Where an adapter's two files lie and what is known of its base model.
 *
 * @param directory holds the two files
 * @param baseHash the base model's content hash, where a manifest says it
 * @param baseModel the base model's location, where a manifest says it
 * @param stored how the base was stored in training; bf16 where nothing says it
 */
record AdapterLocation(Path directory, Optional<ContentKey> baseHash, Optional<String> baseModel, WeightType stored) {
    /**
     * Finds the adapter in a registry version, in a run's adapter directory or in a bare PEFT directory.
     *
     * @throws StageFailure ({@link ExitCode#MISMATCH}) where there is none, or a manifest is damaged
     */
    static AdapterLocation find(Storage storage, String location) {
        Path root = new Path(location);
        Path manifest = new Path(root, RunLayout.MANIFEST);
        boolean described = storage.exists(manifest);
        if (storage.exists(new Path(root, PeftConfig.FILE))) {
            return described
                    ? version(root, Json.parse(VersionManifest.class, storage.read(manifest), manifest))
                    : new AdapterLocation(root, Optional.empty(), Optional.empty(), WeightType.BF16);
        }
        // A run keeps PEFT's files in a directory of their own, beside its metrics and checkpoints.
        Path files = new Path(root, RunLayout.ADAPTER_FILES);
        if (described && storage.exists(new Path(files, PeftConfig.FILE))) {
            return trained(files, Json.parse(AdapterManifest.class, storage.read(manifest), manifest));
        }
        throw new StageFailure(
                ExitCode.MISMATCH, "there is no adapter in " + location + ": " + PeftConfig.FILE + " is missing");
    }

    private static AdapterLocation version(Path directory, VersionManifest manifest) {
        Map<?, ?> base = config(manifest.config(), directory).get("base") instanceof Map<?, ?> map ? map : Map.of();
        return new AdapterLocation(
                directory,
                Optional.of(manifest.baseModelHash()),
                Optional.ofNullable(base.get("model")).map(String::valueOf),
                stored(base.get("dtype")));
    }

    private static AdapterLocation trained(Path directory, AdapterManifest manifest) {
        return new AdapterLocation(
                directory,
                Optional.of(manifest.baseModelHash()),
                Optional.empty(),
                stored(config(manifest.config(), directory).get("base.dtype")));
    }

    private static Map<?, ?> config(String json, Path where) {
        return Json.parse(Map.class, json.getBytes(StandardCharsets.UTF_8), where);
    }

    private static WeightType stored(@Nullable Object dtype) {
        return Stream.of(WeightType.values())
                .filter(type -> type.configName().equals(dtype))
                .findFirst()
                .orElse(WeightType.BF16);
    }
}
