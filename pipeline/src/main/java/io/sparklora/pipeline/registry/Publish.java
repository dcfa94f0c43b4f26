package io.sparklora.pipeline.registry;

import io.sparklora.pipeline.CodeVersion;
import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.Stage;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.adapter.AdapterManifest;
import io.sparklora.pipeline.adapter.EvaluationManifest;
import io.sparklora.pipeline.config.TrainConfig.FinetuningType;
import io.sparklora.pipeline.dataset.DatasetManifest;
import io.sparklora.pipeline.run.ContentKey;
import io.sparklora.pipeline.run.FileEntry;
import io.sparklora.pipeline.run.Manifest;
import io.sparklora.pipeline.run.PreparedPlan;
import io.sparklora.pipeline.run.StageMain;
import io.sparklora.pipeline.run.StageResult;
import io.sparklora.pipeline.run.StageTransaction;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.fs.Path;

/**
 * The stage publish: adapter and verdict in, registry version out. Refused where the gate did not pass, or where the
 * alias has moved since the verdict; then nothing is moved. Publishing what is published changes nothing.
 */
public final class Publish {
    private static final double NANOS_A_SECOND = 1e9;

    private final StageMain.Context context;
    private final AdapterRegistry registry;
    private final long start = System.nanoTime();

    private Publish(StageMain.Context context) {
        this.context = context;
        this.registry = AdapterRegistry.of(context.config(), context.storage());
    }

    /**
     * Runs the stage and ends the process with its exit status.
     *
     * @param args {@code CONFIG.yaml [--set a.b=c]... [--help]}
     */
    public static void main(String[] args) {
        StageMain.run(Stage.PUBLISH, args, Publish::publish);
    }

    /** Publishes, or finds it done. */
    static StageResult publish(StageMain.Context context) {
        return new Publish(context).run();
    }

    private StageResult run() {
        PreparedPlan plan = context.keys().plan(context.layout(), context.storage());
        ContentKey runKey = context.keys().runKey(plan);
        Optional<VersionManifest> published = registry.byRunKey(runKey);
        if (published.isPresent()) {
            return result(registry.verified(published.get().version()), StageResult.Status.ALREADY_DONE);
        }
        Optional<Move> champion = registry.champion();
        AdapterManifest adapter = adapter(plan, runKey);
        EvaluationManifest verdict = verdict(runKey, plan, champion);
        refuseUnlessPassed(verdict);
        check(adapter);
        VersionManifest version = add(plan, adapter, verdict, champion);
        registry.promote(version, champion);
        return result(version, StageResult.Status.DONE);
    }

    private void check(AdapterManifest adapter) {
        Path directory = context.layout().adapterFiles(adapter.runKey());
        switch (adapter.trained()) {
            case LORA ->
                PeftAdapter.check(
                        context.storage(),
                        directory,
                        adapter,
                        context.config().publish().profile());
            case FULL -> PublishedModel.check(directory, published(adapter));
        }
    }

    private AdapterManifest adapter(PreparedPlan plan, ContentKey runKey) {
        Path directory = context.layout().adapter(runKey);
        AdapterManifest adapter = committed(directory, AdapterManifest.class, "train");
        if (!adapter.runKey().equals(runKey) || !adapter.baseModelHash().equals(plan.baseModelHash())) {
            throw new StageFailure(ExitCode.MISMATCH, directory + " holds the adapter of another run or base model");
        }
        return adapter;
    }

    private <M extends Manifest> M committed(Path directory, Class<M> type, String stage) {
        return StageTransaction.committed(context.storage(), directory, type)
                .orElseThrow(() -> new StageFailure(
                        ExitCode.MISMATCH, "there is nothing whole in " + directory + ": run " + stage + " first"));
    }

    private EvaluationManifest verdict(ContentKey runKey, PreparedPlan plan, Optional<Move> champion) {
        ContentKey key = context.keys().evaluationKey(runKey, champion.map(Move::version));
        Path directory = context.layout().evaluation(runKey, key);
        EvaluationManifest verdict = StageTransaction.committed(context.storage(), directory, EvaluationManifest.class)
                .orElseThrow(() -> unjudged(directory, champion));
        if (!verdict.runKey().equals(runKey) || !verdict.datasetKey().equals(plan.datasetKey())) {
            throw new StageFailure(ExitCode.MISMATCH, directory + " holds the verdict on another run or dataset");
        }
        return verdict;
    }

    /** Verdicts that lie beside the missing one were given under another champion or gate. */
    private StageFailure unjudged(Path directory, Optional<Move> champion) {
        boolean judgedOtherwise = !context.storage().list(directory.getParent()).isEmpty();
        String rival = champion.map(move -> "the champion " + move.version()).orElse("the base");
        return judgedOtherwise
                ? new StageFailure(
                        ExitCode.PUBLISH_CONFLICT,
                        "the adapter was judged under another champion or gate, not against " + rival
                                + " as it is now: run evaluate again")
                : new StageFailure(
                        ExitCode.MISMATCH, "the adapter was not judged (no " + directory + "): run evaluate first");
    }

    private static void refuseUnlessPassed(EvaluationManifest verdict) {
        if (verdict.passed() && Double.isFinite(verdict.adapterLoss())) {
            return;
        }
        String rival = verdict.champion()
                .map(champion -> "champion %s's %.4f".formatted(champion.version(), champion.loss()))
                .orElse("base's %.4f".formatted(verdict.baseLoss()));
        throw new StageFailure(
                ExitCode.GATE_REJECTED,
                String.format(
                        Locale.ROOT,
                        "the gate rejected the adapter: its held-out loss %.4f is not below the %s by %s",
                        verdict.adapterLoss(),
                        rival,
                        verdict.minImprovement()));
    }

    private VersionManifest add(
            PreparedPlan plan, AdapterManifest adapter, EvaluationManifest verdict, Optional<Move> champion) {
        DatasetManifest dataset =
                committed(context.layout().dataset(plan.datasetKey()), DatasetManifest.class, "prepare");
        List<FileEntry> files = adapter.trained() == FinetuningType.LORA ? peftFiles(adapter) : published(adapter);
        return registry.add(
                adapter.runKey(),
                context.layout().adapterFiles(adapter.runKey()),
                files,
                version -> new VersionManifest(
                        VersionManifest.SCHEMA_VERSION,
                        context.config().name(),
                        version,
                        adapter.runKey(),
                        plan.datasetKey(),
                        plan.corpusFingerprint(),
                        plan.baseModelHash(),
                        Optional.of(adapter.compute()),
                        Optional.of(adapter.device()),
                        new VersionManifest.Metrics(
                                verdict.supervisedTokens(),
                                verdict.baseLoss(),
                                verdict.adapterLoss(),
                                champion.map(Move::version),
                                verdict.champion().map(EvaluationManifest.Champion::loss)),
                        dataset.licences(),
                        CodeVersion.current(),
                        Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(),
                        files,
                        adapter.finetuningType(),
                        context.keys().resolved()));
    }

    /** The files to publish as the trained adapter's manifest describes them, relative to their own directory. */
    private List<FileEntry> published(AdapterManifest adapter) {
        String prefix = prefix(adapter);
        return adapter.files().stream()
                .filter(file -> file.path().startsWith(prefix))
                .map(file -> new FileEntry(file.path().substring(prefix.length()), file.bytes(), file.sha256()))
                .toList();
    }

    private String prefix(AdapterManifest adapter) {
        return context.layout().adapterFiles(adapter.runKey()).getName() + "/";
    }

    /** PEFT's two files alone. */
    private List<FileEntry> peftFiles(AdapterManifest adapter) {
        List<FileEntry> files = published(adapter);
        List<String> names = files.stream().map(FileEntry::path).sorted().toList();
        if (!names.equals(List.of(PeftAdapter.CONFIG, PeftAdapter.WEIGHTS))) {
            throw new StageFailure(
                    ExitCode.MISMATCH,
                    context.layout().adapter(adapter.runKey()) + " must hold " + PeftAdapter.CONFIG + " and "
                            + PeftAdapter.WEIGHTS + " in " + prefix(adapter) + " but holds " + names);
        }
        return files;
    }

    private StageResult result(VersionManifest version, StageResult.Status status) {
        String directory = registry.directory(version.version()).toString();
        return new StageResult(
                Stage.PUBLISH,
                status,
                ExitCode.DONE.code(),
                Optional.empty(),
                "",
                registry.summary(version),
                Map.of(
                        "base_loss", version.metrics().baseLoss(),
                        "adapter_loss", version.metrics().adapterLoss()),
                Map.of("version", directory),
                (System.nanoTime() - start) / NANOS_A_SECOND);
    }
}
