package io.sparklora.dataprep.statistics;

import io.sparklora.dataprep.statistics.Cell.Bar;
import io.sparklora.dataprep.statistics.Cell.Count;
import io.sparklora.dataprep.statistics.Cell.Percentage;
import io.sparklora.dataprep.statistics.Cell.Words;
import io.sparklora.pipeline.dataset.DatasetManifest.Dropped;
import io.sparklora.pipeline.dataset.DatasetStatistics.LanguageStatistics;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jsoup.nodes.Element;

/** What became of the documents of each language. */
final class LanguageTable {
    private static final int MOST_REASONS = 3;

    private LanguageTable() {}

    static void append(Element body, List<LanguageStatistics> languages) {
        if (languages.isEmpty()) {
            return;
        }
        Element section = body.appendElement("section");
        section.appendElement("h2").text("Languages");
        Table table = new Table(
                section,
                "language",
                "documents",
                "kept",
                "tokens",
                "share of tokens",
                "",
                "mean confidence",
                "mostly dropped for");
        long tokens = languages.stream().mapToLong(LanguageStatistics::tokens).sum();
        languages.forEach(language -> table.row(
                new Words(language.name().isEmpty() ? "not known" : language.name()),
                new Count(language.read()),
                new Count(language.documents()),
                new Count(language.tokens()),
                new Percentage(language.tokens(), tokens),
                new Bar(language.tokens(), tokens),
                new Words(language.confidence()
                        .map(confidence -> String.format(Locale.ROOT, "%.3f", confidence))
                        .orElse("")),
                new Words(reasons(language.dropped()))));
        section.appendElement("p")
                .addClass("note")
                .text("Of the documents that no step dropped before their language was told.");
    }

    /** Such as {@code other-language 7, too-short 2}: those that dropped the most. */
    private static String reasons(List<Dropped> dropped) {
        return dropped.stream()
                .sorted(Comparator.comparingLong(Dropped::documents).reversed())
                .limit(MOST_REASONS)
                .map(each -> String.format(Locale.ROOT, "%s %,d", each.reason(), each.documents()))
                .collect(Collectors.joining(", "));
    }
}
