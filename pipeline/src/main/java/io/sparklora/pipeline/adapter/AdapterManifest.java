package io.sparklora.pipeline.adapter;

import io.sparklora.pipeline.config.TrainConfig.FinetuningType;
import io.sparklora.pipeline.run.ContentKey;
import io.sparklora.pipeline.run.FileEntry;
import io.sparklora.pipeline.run.Manifest;
import java.util.List;
import java.util.Optional;

/**
 * What a trained adapter is and what it was made of, written last. Byte-identical for equal inputs.
 *
 * @param schemaVersion 1
 * @param runKey the adapter's identity
 * @param datasetKey the dataset that it was trained on
 * @param baseModelHash content hash of the base model
 * @param steps optimiser steps made
 * @param trainedTokens tokens computed, padding included
 * @param firstLoss mean loss of the first step, nats a token
 * @param lastLoss mean loss of the last tenth of the steps, nats a token
 * @param compute number type of the products that it was trained with
 * @param device what they were computed on
 * @param validation the last measurement of this adapter's loss on the validation split, where there was one
 * @param rank r of every branch in the files; 0 for a whole model
 * @param alpha alpha in the files; 0 for a whole model
 * @param parameters numbers in the files
 * @param files PEFT's two files, or a whole model's; the metrics beside them hold timings and are left out
 * @param finetuningType full where every weight was trained; absent for an adapter of branches
 * @param config the part of the resolved configuration that made it, as canonical JSON
 */
public record AdapterManifest(
        int schemaVersion,
        ContentKey runKey,
        ContentKey datasetKey,
        ContentKey baseModelHash,
        long steps,
        long trainedTokens,
        double firstLoss,
        double lastLoss,
        ComputeType compute,
        DeviceType device,
        Optional<Validation> validation,
        int rank,
        int alpha,
        long parameters,
        List<FileEntry> files,
        Optional<FinetuningType> finetuningType,
        String config)
        implements Manifest {
    /**
     * A measurement on sequences of the validation split.
     *
     * @param step steps made by then; fewer than the run's where an earlier adapter was kept
     * @param loss mean loss, nats a token
     */
    public record Validation(long step, double loss) {}

    /** Copies the list. */
    public AdapterManifest {
        files = List.copyOf(files);
    }

    /** What was trained. */
    public FinetuningType trained() {
        return finetuningType.orElse(FinetuningType.LORA);
    }
}
