package io.sparklora.training.evaluation;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.adapter.AdapterManifest;
import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.pipeline.config.EvaluateConfig.Against;
import io.sparklora.pipeline.dataset.DatasetManifest;
import io.sparklora.pipeline.dataset.DatasetManifest.SplitFigures;
import io.sparklora.pipeline.dataset.Split;
import io.sparklora.pipeline.registry.AdapterRegistry;
import io.sparklora.pipeline.registry.Move;
import io.sparklora.pipeline.registry.VersionManifest;
import io.sparklora.pipeline.run.ContentKey;
import io.sparklora.pipeline.run.FileEntry;
import io.sparklora.pipeline.run.Manifest;
import io.sparklora.pipeline.run.PreparedPlan;
import io.sparklora.pipeline.run.StageMain;
import io.sparklora.pipeline.run.StageTransaction;
import io.sparklora.pipeline.run.Storage;
import io.sparklora.training.full.FinetunedFiles;
import io.sparklora.training.model.HostModel;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.fs.Path;

/**
 * All that an evaluation reads, checked to be whole and to belong together before an executor starts.
 *
 * @param host the base model on each host
 * @param dataset qualified location of the token dataset
 * @param validation the split's figures
 * @param candidates the adapter, and the champion where the gate asks for it and there is one
 * @param champion the champion's version, where it is a candidate
 */
record EvaluationInputs(
        HostModel host, Path dataset, SplitFigures validation, List<Candidate> candidates, Optional<String> champion) {
    /** Copies the list. */
    EvaluationInputs {
        candidates = List.copyOf(candidates);
    }

    static EvaluationInputs read(
            StageMain.Context context,
            PreparedPlan plan,
            ContentKey runKey,
            AdapterRegistry registry,
            Optional<Move> pointer) {
        Storage storage = context.storage();
        Path dataset = context.layout().dataset(plan.datasetKey());
        DatasetManifest prepared = committed(storage, dataset, DatasetManifest.class, "prepare");
        Path trained = context.layout().adapter(runKey);
        AdapterManifest adapter = committed(storage, trained, AdapterManifest.class, "train");
        checkFiles(storage, trained, adapter);
        Optional<VersionManifest> champion = pointer.filter(
                        move -> context.config().evaluate().gate().against() == Against.CHAMPION)
                .map(move -> registry.verified(move.version()));
        champion.ifPresent(version -> checkBase(version, plan));
        HostModel host = HostModel.of(context.config()).computing(adapter.compute());
        List<Candidate> candidates = new ArrayList<>();
        try (BaseModel base = host.open(plan.baseModelHash())) {
            candidates.add(new Candidate(
                    "the adapter",
                    FinetunedFiles.read(
                            adapter.trained(), storage, context.layout().adapterFiles(runKey), base)));
            champion.ifPresent(version -> candidates.add(new Candidate(
                    "the champion " + version.version(),
                    FinetunedFiles.read(version.trained(), storage, registry.directory(version.version()), base))));
        }
        return new EvaluationInputs(
                host,
                storage.of(dataset).makeQualified(dataset),
                validation(prepared, dataset),
                candidates,
                champion.map(VersionManifest::version));
    }

    private static <M extends Manifest> M committed(Storage storage, Path directory, Class<M> type, String stage) {
        return StageTransaction.committed(storage, directory, type)
                .orElseThrow(() -> new StageFailure(
                        ExitCode.MISMATCH, "there is nothing whole in " + directory + ": run " + stage + " first"));
    }

    private static void checkFiles(Storage storage, Path directory, Manifest manifest) {
        for (FileEntry file : manifest.files()) {
            Path path = new Path(directory, file.path());
            String hash = storage.sha256(path);
            if (!hash.equals(file.sha256())) {
                throw new StageFailure(
                        ExitCode.MISMATCH,
                        path + " is damaged: its SHA-256 is " + hash + " but the manifest says " + file.sha256());
            }
        }
    }

    private static void checkBase(VersionManifest champion, PreparedPlan plan) {
        if (!champion.baseModelHash().equals(plan.baseModelHash())) {
            throw new StageFailure(
                    ExitCode.MISMATCH,
                    "the champion " + champion.name() + " " + champion.version() + " was made for the base model "
                            + champion.baseModelHash().hex() + " but this adapter for "
                            + plan.baseModelHash().hex()
                            + ": their losses can't be compared; set evaluate.gate.against to base, or name to a new name");
        }
    }

    private static SplitFigures validation(DatasetManifest manifest, Path directory) {
        return manifest.split(Split.VALIDATION)
                .filter(split -> split.supervisedTokens() > 0)
                .orElseThrow(() -> new StageFailure(
                        ExitCode.MISMATCH,
                        "the dataset " + directory + " has no held-out tokens to judge by: raise"
                                + " prepare.split.validation"));
    }
}
