package io.sparklora.dataprep.statistics;

import io.sparklora.dataprep.statistics.Cell.Bar;
import io.sparklora.dataprep.statistics.Cell.Count;
import io.sparklora.dataprep.statistics.Cell.Percentage;
import io.sparklora.dataprep.statistics.Cell.Words;
import io.sparklora.pipeline.dataset.DatasetManifest.Dropped;
import io.sparklora.pipeline.dataset.DatasetManifest.Funnel;
import io.sparklora.pipeline.dataset.DatasetManifest.PrivacyFigures;
import io.sparklora.pipeline.dataset.DatasetStatistics;
import io.sparklora.pipeline.dataset.DatasetStatistics.Lengths;
import io.sparklora.pipeline.dataset.DatasetStatistics.Share;
import io.sparklora.pipeline.dataset.DatasetStatistics.SourceStatistics;
import io.sparklora.pipeline.dataset.DatasetStatistics.SplitStatistics;
import io.sparklora.pipeline.dataset.DatasetStatistics.StepFigure;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;
import org.jsoup.nodes.DataNode;
import org.jsoup.nodes.Document;
import org.jsoup.nodes.DocumentType;
import org.jsoup.nodes.Element;

/**
 * The statistics as one HTML file that needs nothing else: no script, no other file, no network, and a policy that forbids
 * them. The page is a tree of elements and texts; no string of a corpus is ever read as markup.
 */
public final class StatisticsPage {
    private static final String POLICY = "default-src 'none'; style-src 'unsafe-inline'";
    private static final int MOST_SHARES = 30;

    private final DatasetStatistics statistics;
    private final Document page = Document.createShell("");

    private StatisticsPage(DatasetStatistics statistics) {
        this.statistics = statistics;
    }

    /** The page as UTF-8 HTML; equal statistics give equal bytes. */
    public static byte[] of(DatasetStatistics statistics) {
        return new StatisticsPage(statistics).html().getBytes(StandardCharsets.UTF_8);
    }

    private String html() {
        page.outputSettings().prettyPrint(false).charset(StandardCharsets.UTF_8);
        page.prependChild(new DocumentType("html", "", ""));
        head(page.head());
        Element body = page.body();
        summary(body);
        funnel(section(body, "What became of the documents"));
        changes(body);
        splits(section(body, "Splits"));
        lengths(section(body, "Length of the documents, in tokens"));
        sources(section(body, "Sources"));
        LanguageTable.append(body, statistics.languages());
        licences(body, statistics.licences());
        privacy(body);
        nearDuplicates(body);
        SampleCards.append(body, statistics);
        return page.outerHtml() + "\n";
    }

    private void head(Element head) {
        page.child(0).attr("lang", "en");
        head.appendElement("meta").attr("charset", "UTF-8");
        head.appendElement("meta").attr("http-equiv", "Content-Security-Policy").attr("content", POLICY);
        head.appendElement("meta").attr("name", "viewport").attr("content", "width=device-width, initial-scale=1");
        head.appendElement("title")
                .text("Token dataset " + statistics.datasetKey().directoryName());
        head.appendElement("style").appendChild(new DataNode(styles()));
    }

    private static String styles() {
        try (InputStream styles = Objects.requireNonNull(StatisticsPage.class.getResourceAsStream("page.css"))) {
            return "\n" + new String(styles.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Element section(Element body, String heading) {
        Element section = body.appendElement("section");
        section.appendElement("h2").text(heading);
        return section;
    }

    private void summary(Element body) {
        Element header = body.appendElement("header");
        header.appendElement("h1").text("Token dataset");
        header.appendElement("p").addClass("key").text(statistics.datasetKey().hex());
        Element figures = header.appendElement("dl").addClass("figures");
        Funnel funnel = statistics.funnel();
        long tokens = sum(SplitStatistics::tokens);
        long sequences = sum(SplitStatistics::sequences);
        figure(figures, "documents read", count(funnel.read()));
        figure(figures, "documents kept", count(funnel.kept()));
        figure(figures, "documents dropped", count(funnel.read() - funnel.kept()));
        figure(figures, "tokens", count(tokens));
        figure(figures, "sequences of " + count(statistics.sequenceLength()), count(sequences));
        figure(
                figures,
                "of their places filled",
                String.format(Locale.ROOT, "%.2f %%", 100.0 * tokens / (sequences * statistics.sequenceLength())));
    }

    private static void figure(Element figures, String name, String value) {
        Element figure = figures.appendElement("div");
        figure.appendElement("dt").text(name);
        figure.appendElement("dd").text(value);
    }

    private void funnel(Element section) {
        Funnel funnel = statistics.funnel();
        Table table = new Table(section, "step", "reason", "documents", "share", "");
        add(table, "read", "", funnel.read());
        for (Dropped dropped : funnel.dropped()) {
            if (dropped.documents() > 0) {
                add(table, dropped.step(), dropped.reason(), dropped.documents());
            }
        }
        add(table, "kept", "", funnel.kept());
        String idle = funnel.dropped().stream()
                .filter(dropped -> dropped.documents() == 0)
                .map(dropped -> dropped.step() + " " + dropped.reason())
                .collect(Collectors.joining(", "));
        if (!idle.isEmpty()) {
            section.appendElement("p").addClass("note").text("Dropped nothing: " + idle + ".");
        }
    }

    private void add(Table table, String step, String reason, long documents) {
        long read = statistics.funnel().read();
        table.row(
                new Words(step),
                new Words(reason),
                new Count(documents),
                new Percentage(documents, read),
                new Bar(documents, read));
    }

    private void changes(Element body) {
        if (statistics.changes().isEmpty()) {
            return;
        }
        Table table = new Table(section(body, "What the steps did to texts"), "step", "what", "how many");
        for (StepFigure change : statistics.changes()) {
            table.row(new Words(change.step()), new Words(change.figure()), new Count(change.count()));
        }
    }

    private void splits(Element section) {
        Table table = new Table(
                section,
                "split",
                "documents",
                "tokens",
                "tokens to learn",
                "sequences",
                "fewest possible",
                "places filled");
        for (SplitStatistics split : statistics.splits()) {
            table.row(
                    new Words(split.split().directory()),
                    new Count(split.documents()),
                    new Count(split.tokens()),
                    new Count(split.supervisedTokens()),
                    new Count(split.sequences()),
                    new Count(split.packing().fewestSequences()),
                    new Percentage(split.packing().tokenEfficiency(), 1));
        }
    }

    private void lengths(Element section) {
        Table table = new Table(section, "split", "shortest", "median", "95th percentile", "longest", "mean");
        for (SplitStatistics split : statistics.splits()) {
            Lengths lengths = split.lengths();
            table.row(
                    new Words(split.split().directory()),
                    new Count(lengths.shortest()),
                    new Count(lengths.median()),
                    new Count(lengths.percentile95()),
                    new Count(lengths.longest()),
                    new Count(Math.round((double) split.tokens() / split.documents())));
        }
        statistics.splits().forEach(split -> Histogram.append(section, split));
    }

    private void sources(Element section) {
        long tokens = sum(SplitStatistics::tokens);
        Table table = new Table(section, "source", "documents read", "kept", "tokens", "share of tokens", "");
        for (SourceStatistics source : statistics.sources()) {
            table.row(
                    new Words(source.source() + ": " + source.location()),
                    new Count(source.read()),
                    new Count(source.documents()),
                    new Count(source.tokens()),
                    new Percentage(source.tokens(), tokens),
                    new Bar(source.tokens(), tokens));
        }
    }

    private void licences(Element body, List<Share> shares) {
        if (shares.isEmpty()) {
            return;
        }
        long tokens = sum(SplitStatistics::tokens);
        Table table =
                new Table(section(body, "Licences"), "licence", "documents kept", "tokens", "share of tokens", "");
        shares.stream().limit(MOST_SHARES).forEach(share -> add(table, share, tokens));
        List<Share> others = shares.stream().skip(MOST_SHARES).toList();
        if (!others.isEmpty()) {
            add(
                    table,
                    new Share(
                            count(others.size()) + " others",
                            others.stream().mapToLong(Share::documents).sum(),
                            others.stream().mapToLong(Share::tokens).sum()),
                    tokens);
        }
    }

    private static void add(Table table, Share share, long tokens) {
        table.row(
                new Words(share.name().isEmpty() ? "none" : share.name()),
                new Count(share.documents()),
                new Count(share.tokens()),
                new Percentage(share.tokens(), tokens),
                new Bar(share.tokens(), tokens));
    }

    private void privacy(Element body) {
        if (statistics.privacy().isEmpty()) {
            return;
        }
        Table table = new Table(
                section(body, "Personal data and secrets"), "kind", "what was done", "documents with one", "found");
        for (PrivacyFigures figures : statistics.privacy()) {
            table.row(
                    new Words(figures.kind()),
                    new Words(figures.action()),
                    new Count(figures.documents()),
                    new Count(figures.values()));
        }
    }

    private void nearDuplicates(Element body) {
        statistics.nearDuplicates().ifPresent(figures -> {
            Table table = new Table(
                    section(body, "Near-duplicates"),
                    "documents compared with every other",
                    "least similarity",
                    "pairs that reach it",
                    "pairs found",
                    "of them reach it",
                    "recall",
                    "precision");
            table.row(
                    new Count(figures.documents()),
                    new Words(String.valueOf(figures.similarity())),
                    new Count(figures.similar()),
                    new Count(figures.found()),
                    new Count(figures.similarFound()),
                    new Percentage(figures.similarFound(), figures.similar()),
                    new Percentage(figures.similarFound(), figures.found()));
        });
    }

    private long sum(ToLongFunction<SplitStatistics> figure) {
        return statistics.splits().stream().mapToLong(figure).sum();
    }

    private static String count(long count) {
        return String.format(Locale.ROOT, "%,d", count);
    }
}
