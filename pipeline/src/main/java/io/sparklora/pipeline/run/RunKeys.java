package io.sparklora.pipeline.run;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.adapter.AdapterFiles;
import io.sparklora.pipeline.config.ConfigFile;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The keys that follow from a configuration. Each covers only what can change its bytes, so that another learning rate
 * trains again on the same dataset, and other executors or Spark settings change nothing:
 *
 * <ul>
 *   <li>configuration key: seed, base model's location, corpus and prepare
 *   <li>dataset key: seed, base model's content, the corpus' fingerprint, corpus and prepare
 *   <li>run key: the dataset key, base model's content, dtype, compute and device, seed, lora, the adapter that it starts from, and train
 *   <li>evaluation key: the run key, the gate and the champion
 * </ul>
 */
public final class RunKeys {
    private final ConfigFile file;

    /** @param file the resolved configuration */
    public RunKeys(ConfigFile file) {
        this.file = file;
    }

    /** Names the plan that says which dataset this configuration stands for now. */
    public ContentKey configKey() {
        return ContentKey.of(List.of("config/1", file.canonical(List.of("seed", "base.model", "corpus", "prepare"))));
    }

    /** Names the token dataset. */
    public ContentKey datasetKey(ContentKey baseModelHash, ContentKey corpusFingerprint) {
        return ContentKey.of(List.of("dataset/1", baseModelHash.hex(), corpusFingerprint.hex(), preparation()));
    }

    /** The part of the configuration that makes the dataset, as canonical JSON. */
    public String preparation() {
        return file.canonical(List.of("seed", "corpus", "prepare"));
    }

    /**
     * Names the adapter.
     *
     * @throws StageFailure ({@link ExitCode#MISMATCH}) where the adapter to start from isn't there
     */
    public ContentKey runKey(PreparedPlan plan) {
        List<String> parts = new ArrayList<>(
                List.of("run/1", plan.datasetKey().hex(), plan.baseModelHash().hex(), training()));
        String from = file.config().lora().from();
        if (!from.isEmpty()) {
            Storage storage =
                    new Storage(HadoopSettings.of(file.config().spark().conf()));
            parts.add(AdapterFiles.find(storage, from).hash(storage).hex());
        }
        return ContentKey.of(parts);
    }

    /** The part of the configuration that makes the adapter out of the dataset, as canonical JSON. */
    public String training() {
        return file.canonical(List.of("seed", "base.dtype", "base.compute", "base.device", "lora", "train"));
    }

    /** The resolved configuration as an artifact carries it, see {@link ConfigFile#resolved()}. */
    public String resolved() {
        return file.resolved();
    }

    /**
     * Names the verdict: a new champion or another gate asks for a new one.
     *
     * @param champion the version that the registry's pointer names, such as {@code v3}; empty where there is none
     */
    public ContentKey evaluationKey(ContentKey runKey, Optional<String> champion) {
        return ContentKey.of(List.of(
                "evaluation/1", runKey.hex(), champion.orElse("base"), file.canonical(List.of("evaluate.gate"))));
    }

    /**
     * The plan that prepare left for this configuration.
     *
     * @throws StageFailure ({@link ExitCode#MISMATCH}) where prepare has not run
     */
    public PreparedPlan plan(RunLayout layout, Storage storage) {
        var path = layout.plan(configKey());
        if (!storage.exists(path)) {
            throw new StageFailure(
                    ExitCode.MISMATCH,
                    "no dataset was prepared for this configuration (no " + path + "): run prepare first");
        }
        return Json.parse(PreparedPlan.class, storage.read(path), path);
    }
}
