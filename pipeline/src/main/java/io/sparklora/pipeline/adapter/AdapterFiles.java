package io.sparklora.pipeline.adapter;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.run.ContentKey;
import io.sparklora.pipeline.run.RunLayout;
import io.sparklora.pipeline.run.Storage;
import java.util.List;
import org.apache.hadoop.fs.Path;

/**
 * PEFT's two files of an adapter.
 *
 * @param directory holds them
 */
public record AdapterFiles(Path directory) {
    /** PEFT's description of the adapter. */
    public static final String CONFIG = "adapter_config.json";

    /** Its weights. */
    public static final String TENSORS = "adapter_model.safetensors";

    /**
     * Finds the files in a directory of their own, a registry version, or a run's adapter directory.
     *
     * @throws StageFailure ({@link ExitCode#MISMATCH}) where one isn't there
     */
    public static AdapterFiles find(Storage storage, String location) {
        Path root = new Path(location);
        // A run keeps PEFT's files in a directory of their own, beside its metrics and checkpoints.
        Path ofRun = new Path(root, RunLayout.ADAPTER_FILES);
        Path directory = storage.exists(new Path(ofRun, CONFIG)) ? ofRun : root;
        for (String name : List.of(CONFIG, TENSORS)) {
            if (!storage.exists(new Path(directory, name))) {
                throw new StageFailure(
                        ExitCode.MISMATCH, "there is no adapter in " + location + ": " + name + " is missing");
            }
        }
        return new AdapterFiles(directory);
    }

    /** What both files' bytes come to. */
    public ContentKey hash(Storage storage) {
        return ContentKey.of(List.of(
                "adapter/1",
                storage.sha256(new Path(directory, CONFIG)),
                storage.sha256(new Path(directory, TENSORS))));
    }
}
