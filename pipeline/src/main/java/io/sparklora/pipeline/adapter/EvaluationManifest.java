package io.sparklora.pipeline.adapter;

import io.sparklora.pipeline.run.ContentKey;
import io.sparklora.pipeline.run.FileEntry;
import io.sparklora.pipeline.run.Manifest;
import java.util.List;
import java.util.Optional;

/**
 * The verdict on an adapter: mean losses over the supervised tokens of the validation split, nats a token, and what the
 * gate made of them.
 *
 * @param schemaVersion 1
 * @param runKey the adapter judged
 * @param datasetKey the dataset whose validation split was used
 * @param documents held-out documents
 * @param supervisedTokens held-out tokens with a label
 * @param baseLoss the base model's
 * @param adapterLoss the adapter's
 * @param champion the champion that it was judged against, where there is one
 * @param minImprovement how much lower than its rival's the loss had to be
 * @param passed whether it was
 * @param files none: the manifest is the verdict
 */
public record EvaluationManifest(
        int schemaVersion,
        ContentKey runKey,
        ContentKey datasetKey,
        long documents,
        long supervisedTokens,
        double baseLoss,
        double adapterLoss,
        Optional<Champion> champion,
        double minImprovement,
        boolean passed,
        List<FileEntry> files)
        implements Manifest {
    /** Copies the list. */
    public EvaluationManifest {
        files = List.copyOf(files);
    }

    /**
     * The version in production.
     *
     * @param version such as {@code v3}
     * @param loss its mean loss on the same tokens
     */
    public record Champion(String version, double loss) {}
}
