package io.sparklora.pipeline.command;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.Stage;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.adapter.AdapterManifest;
import io.sparklora.pipeline.adapter.EvaluationManifest;
import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.pipeline.dataset.CorpusFingerprint;
import io.sparklora.pipeline.dataset.DatasetManifest;
import io.sparklora.pipeline.registry.AdapterRegistry;
import io.sparklora.pipeline.registry.Move;
import io.sparklora.pipeline.registry.VersionManifest;
import io.sparklora.pipeline.run.ContentKey;
import io.sparklora.pipeline.run.Json;
import io.sparklora.pipeline.run.PreparedPlan;
import io.sparklora.pipeline.run.StageMain;
import io.sparklora.pipeline.run.StageResult;
import io.sparklora.pipeline.run.StageResult.Summary;
import io.sparklora.pipeline.run.StageTransaction;
import java.util.Optional;

/**
 * Tells without starting Spark which stages of a run are done, so that a run that is done ends in seconds. It looks as
 * each stage itself does: a stage that it can't judge (a corpus of tables, a damaged output) is submitted and judges
 * for itself.
 */
final class FinishedStages {
    private final StageMain.Context context;
    private final AdapterRegistry registry;

    FinishedStages(StageMain.Context context) {
        this.context = context;
        this.registry = AdapterRegistry.of(context.config(), context.storage());
    }

    /**
     * How a finished stage ended.
     *
     * @param exitCode {@link ExitCode#DONE}, or {@link ExitCode#GATE_REJECTED} for a verdict that stands
     * @param summary its line on the closing screen
     */
    record Finished(ExitCode exitCode, Summary summary) {}

    /** How the stage ended; empty where it has to run. */
    Optional<Finished> find(Stage stage) {
        try {
            return switch (stage) {
                case PREPARE -> prepared();
                case TRAIN -> trained();
                case EVALUATE -> evaluated();
                case PUBLISH -> published();
            };
        } catch (StageFailure e) {
            // The stage finds the same fault and reports it as its own, in result.json too.
            return Optional.empty();
        }
    }

    private Optional<PreparedPlan> plan() {
        return context.storage().exists(context.layout().plan(context.keys().configKey()))
                ? Optional.of(context.keys().plan(context.layout(), context.storage()))
                : Optional.empty();
    }

    private Optional<ContentKey> runKey() {
        return plan().map(plan -> context.keys().runKey(plan));
    }

    private Optional<Finished> prepared() {
        Optional<PreparedPlan> plan = plan().filter(this::isStillSo);
        return plan.flatMap(prepared -> {
            var directory = context.layout().dataset(prepared.datasetKey());
            return StageTransaction.committed(context.storage(), directory, DatasetManifest.class)
                    .map(manifest -> done(
                            reported(Stage.PREPARE, directory.toString()).orElseGet(() -> Summaries.of(manifest))));
        });
    }

    /** Whether base model and corpus are what they were. */
    private boolean isStillSo(PreparedPlan plan) {
        Optional<ContentKey> fingerprint =
                CorpusFingerprint.ofFiles(context.storage(), context.config().inputs());
        if (!fingerprint.equals(Optional.of(plan.corpusFingerprint()))) {
            return false;
        }
        try (BaseModel base = BaseModel.open(context.config().base().path())) {
            return base.contentHash().sha256().equals(plan.baseModelHash().hex());
        } catch (RuntimeException e) {
            // Missing or malformed: prepare says how.
            return false;
        }
    }

    private Optional<Finished> trained() {
        return runKey().flatMap(runKey -> {
            var directory = context.layout().adapter(runKey);
            return StageTransaction.committed(context.storage(), directory, AdapterManifest.class)
                    .map(manifest ->
                            done(reported(Stage.TRAIN, directory.toString()).orElseGet(() -> Summaries.of(manifest))));
        });
    }

    private Optional<Finished> evaluated() {
        return runKey().flatMap(runKey -> {
            Optional<VersionManifest> published = registry.byRunKey(runKey);
            ContentKey key = context.keys()
                    .evaluationKey(
                            runKey,
                            published.isPresent()
                                    ? published.get().metrics().champion()
                                    : registry.champion().map(Move::version));
            var directory = context.layout().evaluation(runKey, key);
            Optional<EvaluationManifest> verdict =
                    StageTransaction.committed(context.storage(), directory, EvaluationManifest.class);
            Optional<Summary> summary = reported(Stage.EVALUATE, directory.toString())
                    .or(() -> verdict.map(Summaries::of))
                    .or(() -> published.map(Summaries::judged));
            boolean passed = published.isPresent()
                    || verdict.filter(EvaluationManifest::passed).isPresent();
            return published.isPresent() || verdict.isPresent()
                    ? summary.map(line -> new Finished(passed ? ExitCode.DONE : ExitCode.GATE_REJECTED, line))
                    : Optional.empty();
        });
    }

    private Optional<Finished> published() {
        return runKey().flatMap(registry::byRunKey).map(version -> done(registry.summary(version)));
    }

    private static Finished done(Summary summary) {
        return new Finished(ExitCode.DONE, summary);
    }

    /** What the stage itself said, if its last attempt was about this very artifact. */
    private Optional<Summary> reported(Stage stage, String artifact) {
        var file = context.layout().result(stage);
        return context.storage()
                .find(file)
                .map(bytes -> Json.parse(StageResult.class, bytes, file))
                .filter(result -> result.artifacts().containsValue(artifact)
                        && (result.status() == StageResult.Status.DONE
                                || result.status() == StageResult.Status.ALREADY_DONE))
                .map(StageResult::summary);
    }
}
