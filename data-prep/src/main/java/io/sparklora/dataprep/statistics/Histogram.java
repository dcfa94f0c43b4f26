package io.sparklora.dataprep.statistics;

import io.sparklora.pipeline.dataset.DatasetStatistics.Bin;
import io.sparklora.pipeline.dataset.DatasetStatistics.SplitStatistics;
import java.util.List;
import java.util.Locale;
import org.jsoup.nodes.Element;

/** A split's documents by length: a bar for each bin, below one another. */
final class Histogram {
    private static final int WIDTH = 640;
    private static final int LABELS = 150;
    private static final int FIGURES = 90;
    private static final int GAP = 8;
    private static final int BAR_HEIGHT = 16;
    private static final int ROW_HEIGHT = 22;
    private static final int BASE_LINE = 12;

    private Histogram() {}

    static void append(Element parent, SplitStatistics split) {
        List<Bin> bins = split.lengths().histogram();
        long most = bins.stream().mapToLong(Bin::documents).max().orElse(0);
        Element figure = parent.appendElement("figure");
        figure.appendElement("figcaption")
                .text("Documents of the " + split.split().directory() + " split by length in tokens");
        Svg drawing = new Svg(figure, WIDTH, ROW_HEIGHT * bins.size())
                .title("Histogram of the lengths in the " + split.split().directory() + " split");
        for (int i = 0; i < bins.size(); i++) {
            Bin bin = bins.get(i);
            int top = i * ROW_HEIGHT;
            double width = (double) (WIDTH - LABELS - FIGURES) * bin.documents() / most;
            drawing.labelBefore(LABELS - GAP, top + BASE_LINE, range(bin));
            drawing.bar(LABELS, top, width, BAR_HEIGHT);
            drawing.label(LABELS + width + GAP, top + BASE_LINE, count(bin.documents()));
        }
    }

    private static String range(Bin bin) {
        return bin.from() == bin.to() ? count(bin.from()) : count(bin.from()) + " – " + count(bin.to());
    }

    private static String count(long count) {
        return String.format(Locale.ROOT, "%,d", count);
    }
}
