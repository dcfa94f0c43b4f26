package io.sparklora.pipeline.command;

import io.sparklora.pipeline.adapter.AdapterManifest;
import io.sparklora.pipeline.adapter.EvaluationManifest;
import io.sparklora.pipeline.dataset.DatasetManifest;
import io.sparklora.pipeline.dataset.DatasetManifest.Dropped;
import io.sparklora.pipeline.dataset.DatasetManifest.SplitFigures;
import io.sparklora.pipeline.registry.VersionManifest;
import io.sparklora.pipeline.run.StageResult.Summary;
import java.util.Locale;
import java.util.stream.Collectors;

/** The closing screen's lines of stages that were done before, out of what they left. */
final class Summaries {
    private Summaries() {}

    static Summary of(DatasetManifest manifest) {
        DatasetManifest.Funnel funnel = manifest.funnel();
        String reasons = funnel.dropped().stream()
                .filter(dropped -> dropped.documents() > 0)
                .map(dropped -> words(dropped) + " " + count(dropped.documents()))
                .collect(Collectors.joining(", "));
        return new Summary(
                "prepared",
                count(funnel.read()) + " documents -> " + count(funnel.kept()) + " kept, "
                        + count(funnel.read() - funnel.kept()) + " dropped"
                        + (reasons.isEmpty() ? "" : " (" + reasons + ")"),
                count(manifest.splits().stream().mapToLong(SplitFigures::tokens).sum()) + " tokens, "
                        + count(manifest.splits().stream()
                                .mapToLong(SplitFigures::sequences)
                                .sum())
                        + " sequences");
    }

    private static String words(Dropped dropped) {
        return dropped.reason().replace('-', ' ');
    }

    static Summary of(AdapterManifest manifest) {
        return new Summary(
                "trained",
                count(manifest.steps()) + " steps, " + count(manifest.trainedTokens()) + " tokens",
                formatted("loss %.2f -> %.2f", manifest.firstLoss(), manifest.lastLoss()));
    }

    static Summary of(EvaluationManifest manifest) {
        String champion = manifest.champion()
                .map(rival -> formatted(", champion %s %.1f", rival.version(), Math.exp(rival.loss())))
                .orElse("");
        return new Summary(
                "evaluated",
                "held-out perplexity, " + count(manifest.documents()) + " documents: "
                        + perplexities(manifest.baseLoss(), manifest.adapterLoss())
                        + champion
                        + (manifest.passed() ? "" : ", rejected"),
                "");
    }

    /** The verdict that a version was published with. */
    static Summary judged(VersionManifest version) {
        VersionManifest.Metrics metrics = version.metrics();
        return new Summary(
                "evaluated", "held-out perplexity: " + perplexities(metrics.baseLoss(), metrics.adapterLoss()), "");
    }

    private static String perplexities(double baseLoss, double adapterLoss) {
        return formatted("base %.1f -> adapter %.1f", Math.exp(baseLoss), Math.exp(adapterLoss));
    }

    private static String count(long number) {
        return formatted("%,d", number);
    }

    private static String formatted(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
