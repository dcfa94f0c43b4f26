package io.sparklora.training.lora;

import io.sparklora.pipeline.run.Storage;
import org.apache.hadoop.fs.Path;

/** Trained numbers with what they are. */
public interface Finetuned {
    /** What was trained. */
    Finetuning config();

    /** The flat vector in the order of the layout, itself and not a copy. */
    float[] parameters();

    /** Writes the files that are published into a directory, which is made. */
    void write(Storage storage, Path directory);
}
