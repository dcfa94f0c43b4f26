package io.sparklora.dataprep.statistics;

import java.util.Locale;
import org.jsoup.nodes.Element;

/** A drawing inside a page, of bars and labels; all measures are in its own units. */
final class Svg {
    private final Element drawing;

    /**
     * Starts a drawing that says nothing that the words beside it don't.
     *
     * @param parent what it is appended to
     */
    Svg(Element parent, int width, int height) {
        drawing = parent.appendElement("svg")
                .attr("aria-hidden", "true")
                .attr("width", Integer.toString(width))
                .attr("height", Integer.toString(height));
        // By way of attr() the name would lose its capital letter.
        drawing.attributes().put("viewBox", "0 0 " + width + " " + height);
    }

    /** Says what the drawing shows to those who can't see it. */
    Svg title(String title) {
        drawing.removeAttr("aria-hidden").attr("role", "img").attr("aria-label", title);
        return this;
    }

    /** A bar from its upper left corner. */
    void bar(double x, double y, double width, double height) {
        drawing.appendElement("rect")
                .addClass("bar")
                .attr("x", number(x))
                .attr("y", number(y))
                .attr("width", number(width))
                .attr("height", number(height));
    }

    /** A label that starts at a place of its base line. */
    void label(double x, double y, String text) {
        drawing.appendElement("text").attr("x", number(x)).attr("y", number(y)).text(text);
    }

    /** A label that ends at a place of its base line. */
    void labelBefore(double x, double y, String text) {
        drawing.appendElement("text")
                .attr("x", number(x))
                .attr("y", number(y))
                .attr("text-anchor", "end")
                .text(text);
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.1f", value);
    }
}
