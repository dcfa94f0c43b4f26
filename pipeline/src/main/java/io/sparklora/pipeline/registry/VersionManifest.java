package io.sparklora.pipeline.registry;

import io.sparklora.pipeline.adapter.ComputeType;
import io.sparklora.pipeline.adapter.DeviceType;
import io.sparklora.pipeline.config.TrainConfig.FinetuningType;
import io.sparklora.pipeline.run.ContentKey;
import io.sparklora.pipeline.run.FileEntry;
import io.sparklora.pipeline.run.Manifest;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What a published version is and what it was made of, written last; the version is never changed after it.
 *
 * @param schemaVersion 1
 * @param name the adapter's name
 * @param version such as {@code v3}: the directory's name
 * @param runKey the adapter's identity
 * @param datasetKey the dataset that it was trained on
 * @param corpusFingerprint what the corpus was when it was read
 * @param baseModelHash content hash of the base model; a server must load this adapter over no other
 * @param compute number type of the products that it was trained with; absent in versions from before it was kept
 * @param device what they were computed on; absent likewise
 * @param metrics what it was judged by when it was published
 * @param licences documents that it was made of by licence; the empty name counts those without one
 * @param codeVersion the version of Spark LoRA that published it
 * @param publishedAt when, in ISO 8601, UTC
 * @param files PEFT's two files, or a whole model's
 * @param finetuningType full where every weight was trained; absent for an adapter of branches
 * @param config the resolved configuration without storage and Spark settings, as canonical JSON
 */
public record VersionManifest(
        int schemaVersion,
        String name,
        String version,
        ContentKey runKey,
        ContentKey datasetKey,
        ContentKey corpusFingerprint,
        ContentKey baseModelHash,
        Optional<ComputeType> compute,
        Optional<DeviceType> device,
        Metrics metrics,
        Map<String, Long> licences,
        String codeVersion,
        String publishedAt,
        List<FileEntry> files,
        Optional<FinetuningType> finetuningType,
        String config)
        implements Manifest {
    /** The schema that this code writes. */
    public static final int SCHEMA_VERSION = 1;

    /** Copies the collections and checks the time. */
    public VersionManifest {
        SortedMap<String, Long> sorted = new TreeMap<>(licences);
        licences = Collections.unmodifiableSortedMap(sorted);
        files = List.copyOf(files);
        if (schemaVersion != SCHEMA_VERSION) {
            throw new IllegalArgumentException(
                    "schema_version must be " + SCHEMA_VERSION + " but was " + schemaVersion);
        }
        if (!Instant.parse(publishedAt).toString().equals(publishedAt)) {
            throw new IllegalArgumentException("published_at must be ISO 8601 in UTC but was '" + publishedAt + "'");
        }
    }

    /** What was trained. */
    public FinetuningType trained() {
        return finetuningType.orElse(FinetuningType.LORA);
    }

    /**
     * Mean losses over the supervised tokens of the validation split, nats a token.
     *
     * @param supervisedTokens held-out tokens with a label
     * @param baseLoss the base model's
     * @param adapterLoss the adapter's
     * @param champion the version that it was judged against, where there was one
     * @param championLoss that version's loss, where it was measured
     */
    public record Metrics(
            long supervisedTokens,
            double baseLoss,
            double adapterLoss,
            Optional<String> champion,
            Optional<Double> championLoss) {}
}
