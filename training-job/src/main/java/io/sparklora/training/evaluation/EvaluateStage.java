package io.sparklora.training.evaluation;

import io.sparklora.pipeline.adapter.EvaluationManifest;
import io.sparklora.pipeline.dataset.DatasetManifest.SplitFigures;
import io.sparklora.pipeline.registry.AdapterRegistry;
import io.sparklora.pipeline.registry.Move;
import io.sparklora.pipeline.registry.VersionManifest;
import io.sparklora.pipeline.run.ContentKey;
import io.sparklora.pipeline.run.PreparedPlan;
import io.sparklora.pipeline.run.StageMain;
import io.sparklora.pipeline.run.StageResult;
import io.sparklora.pipeline.run.StageTransaction;
import io.sparklora.training.console.LiveLine;
import io.sparklora.training.console.StopSignal;
import io.sparklora.training.model.TaskGpu;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.fs.Path;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;

/**
 * Judges the adapter of a run on the validation split, once for each champion and gate: a verdict that is there is
 * reported again, and an adapter that is published needs none.
 */
public final class EvaluateStage {
    private static final int SCHEMA_VERSION = 1;

    private final StageMain.Context context;
    private final long start = System.nanoTime();

    /** @param context the stage's configuration and storage */
    public EvaluateStage(StageMain.Context context) {
        this.context = context;
    }

    /**
     * Evaluates, or finds it done.
     *
     * @throws io.sparklora.pipeline.StageFailure with the exit code, where adapter, dataset, base model and champion are
     *     missing, damaged or do not belong together, or the job failed
     */
    public StageResult run() {
        PreparedPlan plan = context.keys().plan(context.layout(), context.storage());
        ContentKey runKey = context.keys().runKey(plan);
        AdapterRegistry registry = AdapterRegistry.of(context.config(), context.storage());
        Optional<VersionManifest> published = registry.byRunKey(runKey);
        Optional<Move> champion = registry.champion();
        // A published version is judged by what it was published with, not by the champion that it may have become.
        Path directory = directory(
                runKey, published.isPresent() ? published.get().metrics().champion() : champion.map(Move::version));
        Optional<EvaluationManifest> judged =
                StageTransaction.committed(context.storage(), directory, EvaluationManifest.class);
        if (judged.isPresent()) {
            return EvaluationReport.of(judged.get(), StageResult.Status.ALREADY_DONE, directory, start);
        }
        if (published.isPresent()) {
            return EvaluationReport.published(published.get(), start);
        }
        EvaluationInputs inputs = EvaluationInputs.read(context, plan, runKey, registry, champion);
        EvaluationManifest manifest = manifest(plan, runKey, inputs, measure(inputs, plan));
        try (StageTransaction transaction = StageTransaction.begin(context.storage(), directory)) {
            transaction.commit(files -> manifest);
        }
        return EvaluationReport.of(manifest, StageResult.Status.DONE, directory, start);
    }

    private Path directory(ContentKey runKey, Optional<String> champion) {
        return context.layout().evaluation(runKey, context.keys().evaluationKey(runKey, champion));
    }

    private List<HeldOutLoss> measure(EvaluationInputs inputs, PreparedPlan plan) {
        HeldOutBatches batches = new HeldOutBatches(
                inputs.validation().sequences(),
                context.config().train().batch().micro());
        HeldOutJob job = new HeldOutJob(
                inputs.dataset().toString(),
                batches,
                context.config().train().executors(),
                inputs.host(),
                plan.baseModelHash().hex());
        SparkConf conf = new SparkConf()
                .setAppName("spark-lora evaluate " + context.config().name())
                // Running tasks report how far they are with their executor's heartbeat.
                .setIfMissing("spark.executor.heartbeatInterval", "2s");
        TaskGpu.request(conf, context.config().base().device());
        long losses = (long) batches.count() * (inputs.candidates().size() + 1);
        try (LiveLine line = LiveLine.onStandardError();
                JavaSparkContext spark = new JavaSparkContext(conf);
                StopSignal signal = StopSignal.install(() -> spark.sc().cancelAllJobs())) {
            List<HeldOutLoss> measured =
                    job.run(spark, inputs.candidates(), done -> line.show(() -> progress(done, losses)));
            line.showAtOnce(progress(losses, losses));
            return measured;
        }
    }

    private static String progress(long done, long losses) {
        return "evaluate  batch " + done + "/" + losses;
    }

    private EvaluationManifest manifest(
            PreparedPlan plan, ContentKey runKey, EvaluationInputs inputs, List<HeldOutLoss> losses) {
        Optional<EvaluationManifest.Champion> champion = inputs.champion()
                .map(version ->
                        new EvaluationManifest.Champion(version, losses.get(2).mean()));
        Verdict verdict = new Verdict(
                losses.get(0).mean(),
                losses.get(1).mean(),
                champion,
                context.config().evaluate().gate().minImprovement());
        SplitFigures validation = inputs.validation();
        return new EvaluationManifest(
                SCHEMA_VERSION,
                runKey,
                plan.datasetKey(),
                validation.documents(),
                validation.supervisedTokens(),
                verdict.base(),
                verdict.adapter(),
                champion,
                verdict.minImprovement(),
                verdict.passed(),
                List.of());
    }
}
