package io.sparklora.pipeline;

import java.util.List;
import java.util.Locale;

/** The stages of a run in their order: each is one Spark application with its own jar and main class. */
public enum Stage {
    /** Corpus in, token dataset out. */
    PREPARE("data-prep", "io.sparklora.dataprep.Prepare", List.of("corpus", "base model's tokenizer"), "token dataset"),
    /** Token dataset in, adapter out. */
    TRAIN("training-job", "io.sparklora.training.Train", List.of("token dataset", "base model"), "adapter"),
    /** Adapter and held-out tokens in, verdict out. */
    EVALUATE(
            "training-job",
            "io.sparklora.training.Evaluate",
            List.of("adapter", "token dataset", "base model", "champion"),
            "verdict"),
    /** Adapter and verdict in, registry version out. */
    PUBLISH("pipeline", "io.sparklora.pipeline.registry.Publish", List.of("adapter", "verdict"), "registry version");

    private final String module;
    private final String mainClass;

    @SuppressWarnings("ImmutableEnumChecker") // List.of makes it.
    private final List<String> inputs;

    private final String output;

    Stage(String module, String mainClass, List<String> inputs, String output) {
        this.module = module;
        this.mainClass = mainClass;
        this.inputs = inputs;
        this.output = output;
    }

    /** The command's and the result file's word: {@code prepare}, {@code train}, {@code evaluate}, {@code publish}. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The Maven module whose jar holds {@link #mainClass()}. */
    public String module() {
        return module;
    }

    /** The class that spark-submit runs. */
    public String mainClass() {
        return mainClass;
    }

    /** What the stage reads. */
    public List<String> inputs() {
        return inputs;
    }

    /** What the stage writes. */
    public String output() {
        return output;
    }
}
