package io.sparklora.training.model;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.adapter.AdapterManifest;
import io.sparklora.pipeline.adapter.ComputeType;
import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.pipeline.config.TrainConfig.FinetuningType;
import io.sparklora.pipeline.registry.VersionManifest;
import io.sparklora.pipeline.run.ContentKey;
import io.sparklora.pipeline.run.Json;
import io.sparklora.pipeline.run.RunLayout;
import io.sparklora.pipeline.run.Storage;
import io.sparklora.training.full.FinetunedFiles;
import io.sparklora.training.lora.Finetuned;
import io.sparklora.training.lora.PeftAdapter;
import io.sparklora.training.lora.PeftConfig;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.hadoop.fs.Path;
import org.jspecify.annotations.Nullable;

/**
 * Where an adapter's two files, or a whole model that was trained, lie and what is known of the base model.
 *
 * @param directory holds the files
 * @param baseHash the base model's content hash, where a manifest says it
 * @param baseModel the base model's location, where a manifest says it
 * @param stored how the base was stored in training; bf16 where nothing says it
 * @param compute number type of training's products, where a manifest says it
 * @param trained what was trained
 */
public record AdapterLocation(
        Path directory,
        Optional<ContentKey> baseHash,
        Optional<String> baseModel,
        WeightType stored,
        Optional<ComputeType> compute,
        FinetuningType trained) {
    private static final String MODEL = "config.json";

    /**
     * Finds the adapter, or the whole model, in a registry version, in a run's adapter directory or in a bare PEFT directory.
     *
     * @throws StageFailure ({@link ExitCode#MISMATCH}) where there is none, or a manifest is damaged
     */
    public static AdapterLocation find(Storage storage, String location) {
        Path root = new Path(location);
        Path manifest = new Path(root, RunLayout.MANIFEST);
        boolean described = storage.exists(manifest);
        if (described && (storage.exists(new Path(root, PeftConfig.FILE)) || storage.exists(new Path(root, MODEL)))) {
            return version(root, Json.parse(VersionManifest.class, storage.read(manifest), manifest));
        }
        if (storage.exists(new Path(root, PeftConfig.FILE))) {
            return new AdapterLocation(
                    root, Optional.empty(), Optional.empty(), WeightType.BF16, Optional.empty(), FinetuningType.LORA);
        }
        // A run keeps PEFT's files in a directory of their own, beside its metrics and checkpoints.
        Path files = new Path(root, RunLayout.ADAPTER_FILES);
        if (described && (storage.exists(new Path(files, PeftConfig.FILE)) || storage.exists(new Path(files, MODEL)))) {
            return trained(files, Json.parse(AdapterManifest.class, storage.read(manifest), manifest));
        }
        throw new StageFailure(
                ExitCode.MISMATCH, "there is no adapter in " + location + ": " + PeftConfig.FILE + " is missing");
    }

    /**
     * The base model's absolute local path.
     *
     * @param given what the user says it is, if anything
     * @throws StageFailure ({@link ExitCode#USAGE}) where nobody says it, or there is nothing
     */
    public String modelPath(Optional<String> given) {
        String model = given.or(this::baseModel)
                .orElseThrow(() -> new StageFailure(
                        ExitCode.USAGE,
                        "nothing in " + directory + " says where its base model lies: say --base MODEL"));
        java.nio.file.Path path = java.nio.file.Path.of(model);
        if (!Files.exists(path)) {
            throw new StageFailure(ExitCode.USAGE, "there is no base model " + model + " here: say --base MODEL");
        }
        return path.toAbsolutePath().normalize().toString();
    }

    /**
     * The base model for this process alone, on its processor, computing as in training where that is known.
     *
     * @param model as {@link #modelPath} gives it
     * @param cache as in {@link HostModel}
     * @param threads threads of one native call, at least 1
     */
    public HostModel onProcessor(String model, String cache, int threads) {
        HostModel host = HostModel.onProcessor(model, cache, stored, threads);
        return compute.map(host::computing).orElse(host);
    }

    /**
     * Opens the base model, held against the hash of the one that the adapter was made for where that is known; the caller
     * closes it.
     */
    public BaseModel openBase(HostModel host) {
        return baseHash.isPresent() ? host.open(baseHash.get()) : host.open();
    }

    /** Reads what lies there, held against the base. */
    public Finetuned read(Storage storage, BaseModel base) {
        return FinetunedFiles.read(trained, storage, directory, base);
    }

    /**
     * Reads an adapter, held against the base.
     *
     * @param command which needs one, for the error
     * @throws StageFailure ({@link ExitCode#USAGE}) where a whole model lies there
     */
    public PeftAdapter readAdapter(Storage storage, BaseModel base, String command) {
        if (trained == FinetuningType.FULL) {
            throw new StageFailure(
                    ExitCode.USAGE,
                    command + " takes adapters, but " + directory
                            + " holds a whole model (train.finetuning-type full), which transformers loads as it is");
        }
        return PeftAdapter.read(storage, directory, base);
    }

    private static AdapterLocation version(Path directory, VersionManifest manifest) {
        Map<?, ?> base = config(manifest.config(), directory).get("base") instanceof Map<?, ?> map ? map : Map.of();
        return new AdapterLocation(
                directory,
                Optional.of(manifest.baseModelHash()),
                Optional.ofNullable(base.get("model")).map(String::valueOf),
                stored(base.get("dtype")),
                manifest.compute(),
                manifest.trained());
    }

    private static AdapterLocation trained(Path directory, AdapterManifest manifest) {
        return new AdapterLocation(
                directory,
                Optional.of(manifest.baseModelHash()),
                Optional.empty(),
                stored(config(manifest.config(), directory).get("base.dtype")),
                Optional.of(manifest.compute()),
                manifest.trained());
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
