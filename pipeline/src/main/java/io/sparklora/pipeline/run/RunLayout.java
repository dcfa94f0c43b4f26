package io.sparklora.pipeline.run;

import io.sparklora.pipeline.Stage;
import org.apache.hadoop.fs.Path;

/**
 * Where everything of one adapter's runs lies; the only class that joins paths. Thread-safe.
 *
 * <pre>
 * runs/NAME/results/STAGE.json                    what the stage's last attempt reported
 * runs/NAME/plans/CONFIG_KEY.json                 which dataset a configuration stands for now
 * runs/NAME/datasets/DATASET_KEY/                 the token dataset: manifest.json, statistics.json,
 *                                                 statistics.html, train/, validation/, test/, ledger/
 * runs/NAME/adapters/RUN_KEY/                     the trained adapter: manifest.json, adapter/, metrics.jsonl
 * runs/NAME/adapters/RUN_KEY/checkpoints/         the state of a run that goes on
 * runs/NAME/evaluations/RUN_KEY/EVALUATION_KEY/   the verdict: manifest.json
 * </pre>
 */
public final class RunLayout {
    /** The file that makes a directory of a run visible. */
    public static final String MANIFEST = "manifest.json";
    /** PEFT's own directory inside a trained adapter's. */
    public static final String ADAPTER_FILES = "adapter";

    private final Path root;

    /**
     * @param runs the configuration's {@code storage.runs}
     * @param name the adapter's name
     */
    public RunLayout(Path runs, String name) {
        this.root = new Path(runs, name);
    }

    /** Everything of this adapter. */
    public Path root() {
        return root;
    }

    /** What the stage's last attempt reported. */
    public Path result(Stage stage) {
        return new Path(new Path(root, "results"), stage.word() + ".json");
    }

    /** Which dataset a configuration stands for now. */
    public Path plan(ContentKey configKey) {
        return new Path(new Path(root, "plans"), configKey.directoryName() + ".json");
    }

    /** The token dataset's directory. */
    public Path dataset(ContentKey datasetKey) {
        return new Path(new Path(root, "datasets"), datasetKey.directoryName());
    }

    /** What preparations computed of texts, for the next one; may be deleted at any time. */
    public Path computed() {
        return new Path(root, "computed");
    }

    /** The trained adapter's directory; PEFT's files lie in {@link #adapterFiles}. */
    public Path adapter(ContentKey runKey) {
        return new Path(new Path(root, "adapters"), runKey.directoryName());
    }

    /** PEFT's own directory: adapter_config.json and adapter_model.safetensors. */
    public Path adapterFiles(ContentKey runKey) {
        return new Path(adapter(runKey), ADAPTER_FILES);
    }

    /** The states of a run that goes on. */
    public Path checkpoints(ContentKey runKey) {
        return new Path(adapter(runKey), "checkpoints");
    }

    /** The verdict's directory. */
    public Path evaluation(ContentKey runKey, ContentKey evaluationKey) {
        return new Path(new Path(new Path(root, "evaluations"), runKey.directoryName()), evaluationKey.directoryName());
    }
}
