package io.sparklora.pipeline.config;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * The whole configuration of a run, as {@code CONFIG.yaml} spells it. Only mains see it; a class takes the small
 * record that it uses. Every value was checked when it was parsed.
 */
public record RunConfig(
        @Key(value = "Name of the adapter in the registry.", pattern = "[a-z0-9][a-z0-9._-]{0,62}")
        String name,

        @Key(value = "Seed of everything random: the split, the order of sequences, the initial A.", or = "17", min = 0)
        long seed,

        @Key(value = "Where runs, versions and caches live.", or = "{}", inRunKey = false)
        StorageConfig storage,

        @Key("The frozen base model.") BaseConfig base,
        @Key("The domain corpus.") CorpusConfig corpus,

        @Key(value = "How the corpus becomes a token dataset.", or = "{}")
        PrepareConfig prepare,

        @Key(value = "The adapter's shape.", or = "{}") LoraConfig lora,

        @Key(value = "How the adapter is trained.", or = "{}")
        TrainConfig train,

        @Key(value = "How the adapter is judged.", or = "{}", inRunKey = false)
        EvaluateConfig evaluate,

        @Key(value = "How the adapter is published.", or = "{}", inRunKey = false)
        PublishConfig publish,

        @Key(value = "How the stages are submitted to Spark.", or = "{}", inRunKey = false)
        SparkConfig spark) {
    /**
     * Refuses a split by time of sources that do not say when their documents were made, an adapter that could not be
     * published, and branches where every weight is trained.
     */
    public RunConfig {
        if (train.finetuningType() == TrainConfig.FinetuningType.FULL
                && !Binder.differing(lora).isEmpty()) {
            throw new IllegalArgumentException("needs train.finetuning-type lora for "
                    + Binder.differing(lora).stream().map(key -> "lora." + key).collect(Collectors.joining(", "))
                    + ": full trains every weight and has no branches");
        }
        if (lora.kind() == LoraConfig.Kind.DORA && publish.profile() == PublishConfig.Profile.PORTABLE) {
            throw new IllegalArgumentException(
                    "needs publish.profile peft for lora.kind dora: servers pass over its magnitudes or refuse them");
        }
        if (!lora.modulesToSave().isEmpty() && publish.profile() == PublishConfig.Profile.PORTABLE) {
            throw new IllegalArgumentException("needs publish.profile peft for lora.modules-to-save "
                    + String.join(", ", lora.modulesToSave())
                    + ": llama.cpp and vLLM take no adapter with an embedding or head of its own");
        }
        for (int i = 0; i < corpus.sources().size(); i++) {
            if (prepare.split().isByTime()
                    && corpus.sources().get(i).timestamp().isEmpty()) {
                throw new IllegalArgumentException(
                        "needs corpus.sources." + i + ".timestamp for prepare.split.validation-from and test-from");
            }
        }
    }

    /** Everything that prepare reads, by the key that names it: the corpus' sources, then the evaluation sets. */
    public Map<String, SourceConfig> inputs() {
        Map<String, SourceConfig> inputs = new LinkedHashMap<>();
        add(inputs, CorpusConfig.SOURCES, corpus.sources());
        add(inputs, PrepareConfig.EVALUATION_SETS, prepare.decontaminate().evaluationSets());
        return inputs;
    }

    private static void add(Map<String, SourceConfig> inputs, String list, List<SourceConfig> sources) {
        for (int i = 0; i < sources.size(); i++) {
            inputs.put(list + "." + i, sources.get(i));
        }
    }
}
