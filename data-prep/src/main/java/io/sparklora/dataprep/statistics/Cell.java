package io.sparklora.dataprep.statistics;

import java.util.Locale;
import org.jsoup.nodes.Element;

/** What stands in one place of a {@link Table}. */
sealed interface Cell {
    /** Fills a cell that is empty. */
    void fill(Element cell);

    /** Words. */
    record Words(String words) implements Cell {
        @Override
        public void fill(Element cell) {
            cell.text(words);
        }
    }

    /** A figure: how many. */
    record Count(long count) implements Cell {
        @Override
        public void fill(Element cell) {
            cell.addClass("number").text(String.format(Locale.ROOT, "%,d", count));
        }
    }

    /**
     * A share of something, as a figure.
     *
     * @param part of the whole
     * @param whole nothing is written where it is 0
     */
    record Percentage(double part, double whole) implements Cell {
        private static final double PERCENT = 100;

        @Override
        public void fill(Element cell) {
            cell.addClass("number")
                    .text(whole == 0 ? "" : String.format(Locale.ROOT, "%.1f %%", PERCENT * part / whole));
        }
    }

    /**
     * A share of something, as a bar.
     *
     * @param part of the whole
     * @param whole the bar's full width
     */
    record Bar(double part, double whole) implements Cell {
        private static final int WIDTH = 120;
        private static final int HEIGHT = 9;

        @Override
        public void fill(Element cell) {
            Svg drawing = new Svg(cell, WIDTH, HEIGHT);
            drawing.bar(0, 0, whole == 0 ? 0 : WIDTH * part / whole, HEIGHT);
        }
    }
}
