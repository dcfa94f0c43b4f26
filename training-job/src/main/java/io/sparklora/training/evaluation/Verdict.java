package io.sparklora.training.evaluation;

import io.sparklora.pipeline.adapter.EvaluationManifest;
import java.util.Locale;
import java.util.Optional;

/**
 * What the gate makes of the losses. The rival is the champion where there is one, else the base. The adapter passes if
 * its mean loss is lower than the rival's by more than the configured margin: {@code rival - adapter > minImprovement},
 * so that an adapter that is only as good never replaces anything, also at a margin of 0.
 *
 * @param base the base model's mean loss, nats a token
 * @param adapter the adapter's
 * @param champion the champion's, where the gate asks for one and there is one
 * @param minImprovement the margin, nats a token
 */
public record Verdict(
        double base, double adapter, Optional<EvaluationManifest.Champion> champion, double minImprovement) {
    /** A verdict read back. */
    public static Verdict of(EvaluationManifest manifest) {
        return new Verdict(manifest.baseLoss(), manifest.adapterLoss(), manifest.champion(), manifest.minImprovement());
    }

    /** Whether the adapter may be published. */
    public boolean passed() {
        return rivalLoss() - adapter > minImprovement;
    }

    private double rivalLoss() {
        return champion.map(EvaluationManifest.Champion::loss).orElse(base);
    }

    /** Perplexities for the closing screen: {@code base 17.6 -> adapter 9.9, champion v3 9.8, rejected}. */
    public String outcome() {
        String against = champion.map(c -> ", champion " + c.version() + " " + perplexity(c.loss()))
                .orElse("");
        return "base " + perplexity(base) + " -> adapter " + perplexity(adapter) + against
                + (passed() ? "" : ", rejected");
    }

    private static String perplexity(double loss) {
        return String.format(Locale.ROOT, "%.1f", Math.exp(loss));
    }

    /** One line for a person on why the adapter did not pass. */
    public String refusal() {
        String rival = champion.map(c -> "the champion " + c.version() + "'s").orElse("the base's");
        return String.format(
                Locale.ROOT,
                "the adapter did not pass the gate: its held-out loss %.6f must be lower than %s %.6f by more than %s"
                        + " (evaluate.gate.min-improvement) but is lower by %.6f",
                adapter,
                rival,
                rivalLoss(),
                minImprovement,
                rivalLoss() - adapter);
    }
}
