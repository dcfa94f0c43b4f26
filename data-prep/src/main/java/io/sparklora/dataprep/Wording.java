package io.sparklora.dataprep;

import io.sparklora.pipeline.dataset.DatasetManifest;
import io.sparklora.pipeline.dataset.DatasetManifest.Funnel;
import io.sparklora.pipeline.dataset.DatasetManifest.SplitFigures;
import io.sparklora.pipeline.dataset.DatasetStatistics.NearDuplicateFigures;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;

/** Figures of a dataset as a person reads them. */
final class Wording {
    private Wording() {}

    /** Such as {@code 760 documents -> 605 kept, 155 dropped (exact duplicate 96, too short 59)}. */
    static String documents(Funnel funnel) {
        String reasons = funnel.dropped().stream()
                .filter(dropped -> dropped.documents() > 0)
                .map(dropped -> format("%s %,d", dropped.reason().replace('-', ' '), dropped.documents()))
                .collect(Collectors.joining(", "));
        return format("%,d documents -> %,d kept, %,d dropped", funnel.read(), funnel.kept(), dropped(funnel))
                + (reasons.isEmpty() ? "" : " (" + reasons + ")");
    }

    /** Such as {@code 925,000 tokens, 1,830 sequences}. */
    static String tokens(DatasetManifest manifest) {
        return format(
                "%,.0f tokens, %,.0f sequences",
                sum(manifest, SplitFigures::tokens), sum(manifest, SplitFigures::sequences));
    }

    /** Such as {@code near-duplicates of 500 documents: 40 pairs, 39 found (recall 0.975); 41 named (precision 0.951)}. */
    static String nearDuplicates(NearDuplicateFigures figures) {
        return format(
                "near-duplicates of %,d documents, each compared with every other: %,d pairs of similarity %s, %,d of them "
                        + "found%s; %,d found in all%s",
                figures.documents(),
                figures.similar(),
                figures.similarity(),
                figures.similarFound(),
                share("recall", figures.recall()),
                figures.found(),
                share("precision", figures.precision()));
    }

    private static String share(String name, OptionalDouble share) {
        return share.isPresent() ? format(" (%s %.3f)", name, share.getAsDouble()) : "";
    }

    /** Named numbers for dashboards. */
    static Map<String, Double> figures(DatasetManifest manifest) {
        double tokens = sum(manifest, SplitFigures::tokens);
        double sequences = sum(manifest, SplitFigures::sequences);
        return Map.of(
                "documents_read",
                (double) manifest.funnel().read(),
                "documents_kept",
                (double) manifest.funnel().kept(),
                "documents_dropped",
                (double) dropped(manifest.funnel()),
                "tokens",
                tokens,
                "supervised_tokens",
                sum(manifest, SplitFigures::supervisedTokens),
                "sequences",
                sequences,
                "padding_share",
                1 - tokens / (sequences * manifest.sequenceLength()),
                "fewest_sequences",
                sum(manifest, split -> split.packing().fewestSequences()));
    }

    private static double sum(DatasetManifest manifest, ToLongFunction<SplitFigures> figure) {
        return manifest.splits().stream().mapToLong(figure).sum();
    }

    private static long dropped(Funnel funnel) {
        return funnel.read() - funnel.kept();
    }

    private static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }
}
