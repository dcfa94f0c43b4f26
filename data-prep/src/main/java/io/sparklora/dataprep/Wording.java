package io.sparklora.dataprep;

import io.sparklora.pipeline.dataset.DatasetManifest;
import io.sparklora.pipeline.dataset.DatasetManifest.Funnel;
import io.sparklora.pipeline.dataset.DatasetManifest.SplitFigures;
import java.util.Locale;
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
        long tokens = manifest.splits().stream().mapToLong(SplitFigures::tokens).sum();
        long sequences =
                manifest.splits().stream().mapToLong(SplitFigures::sequences).sum();
        return format("%,d tokens, %,d sequences", tokens, sequences);
    }

    static long dropped(Funnel funnel) {
        return funnel.read() - funnel.kept();
    }

    private static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }
}
