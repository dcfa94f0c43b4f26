package io.sparklora.training.checkpoint;

import io.sparklora.pipeline.adapter.Arithmetic;
import io.sparklora.pipeline.run.FileEntry;
import io.sparklora.pipeline.run.Manifest;
import java.util.List;
import java.util.Optional;

/**
 * Says that a checkpoint is whole, and what it is of; written last.
 *
 * @param schemaVersion 5
 * @param identity the run it belongs to
 * @param step steps made
 * @param cursor sequences computed, which is the position in the run's order at which it goes on
 * @param updates steps that updated the adapter
 * @param milestone what the run goes back to where it breaks down; its vectors are the current ones where the step is
 * @param best step of the adapter with the lowest validation loss, where one was measured; its vector is the current one
 *     where the step is
 * @param arithmetic of the products that made it; whoever goes on keeps to it
 * @param parameters length of the adapter's vector
 * @param files every file with its length and hash
 */
record CheckpointManifest(
        int schemaVersion,
        RunIdentity identity,
        long step,
        long cursor,
        long updates,
        Milestone milestone,
        Optional<Long> best,
        Optional<Arithmetic> arithmetic,
        int parameters,
        List<FileEntry> files)
        implements Manifest {
    static final int SCHEMA_VERSION = 5;

    /**
     * An earlier step.
     *
     * @param step steps made then
     * @param updates steps that had updated the adapter
     */
    record Milestone(long step, long updates) {}

    CheckpointManifest {
        files = List.copyOf(files);
    }
}
