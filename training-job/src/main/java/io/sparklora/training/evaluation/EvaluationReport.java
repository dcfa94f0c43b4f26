package io.sparklora.training.evaluation;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.Stage;
import io.sparklora.pipeline.adapter.EvaluationManifest;
import io.sparklora.pipeline.registry.VersionManifest;
import io.sparklora.pipeline.run.StageResult;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.fs.Path;

/** What the stage reports of a verdict. */
final class EvaluationReport {
    private static final double NANOS_A_SECOND = 1e9;

    private EvaluationReport() {}

    /** The report on a verdict: rejected, with the exit code that says so, where it did not pass. */
    static StageResult of(EvaluationManifest manifest, StageResult.Status status, Path directory, long start) {
        Verdict verdict = Verdict.of(manifest);
        ExitCode code = manifest.passed() ? ExitCode.DONE : ExitCode.GATE_REJECTED;
        StageResult.Status reported = code == ExitCode.GATE_REJECTED && status == StageResult.Status.DONE
                ? StageResult.Status.REJECTED
                : status;
        return new StageResult(
                Stage.EVALUATE,
                reported,
                code.code(),
                manifest.passed() ? Optional.empty() : Optional.of(code.kind()),
                manifest.passed() ? "" : verdict.refusal(),
                new StageResult.Summary(
                        "evaluated",
                        "held-out perplexity, " + manifest.documents() + " documents: " + verdict.outcome(),
                        ""),
                figures(manifest, verdict),
                Map.of("verdict", directory.toString()),
                (System.nanoTime() - start) / NANOS_A_SECOND);
    }

    private static Map<String, Double> figures(EvaluationManifest manifest, Verdict verdict) {
        Map<String, Double> figures = losses(verdict);
        figures.put("documents", (double) manifest.documents());
        figures.put("supervised_tokens", (double) manifest.supervisedTokens());
        return figures;
    }

    private static Map<String, Double> losses(Verdict verdict) {
        Map<String, Double> figures = new HashMap<>();
        put(figures, "base", verdict.base());
        put(figures, "adapter", verdict.adapter());
        verdict.champion().ifPresent(champion -> put(figures, "champion", champion.loss()));
        return figures;
    }

    private static void put(Map<String, Double> figures, String model, double loss) {
        figures.put(model + "_loss_nats", loss);
        figures.put(model + "_perplexity", Math.exp(loss));
    }

    /** The report on an adapter that was published before: the losses that it was published with. */
    static StageResult published(VersionManifest version, long start) {
        VersionManifest.Metrics metrics = version.metrics();
        Verdict verdict = new Verdict(metrics.baseLoss(), metrics.adapterLoss(), Optional.empty(), 0);
        Map<String, Double> figures = losses(verdict);
        figures.put("supervised_tokens", (double) metrics.supervisedTokens());
        return new StageResult(
                Stage.EVALUATE,
                StageResult.Status.ALREADY_DONE,
                ExitCode.DONE.code(),
                Optional.empty(),
                "",
                new StageResult.Summary(
                        "evaluated",
                        "held-out perplexity, published as " + version.version() + ": " + verdict.outcome(),
                        ""),
                figures,
                Map.of(),
                (System.nanoTime() - start) / NANOS_A_SECOND);
    }
}
