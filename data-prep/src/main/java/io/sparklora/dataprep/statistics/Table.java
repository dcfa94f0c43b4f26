package io.sparklora.dataprep.statistics;

import org.jsoup.nodes.Element;

/** A table that grows by rows. */
final class Table {
    private final Element head;
    private final Element body;

    /**
     * Starts a table; a heading stands over figures where its first cell is a figure.
     *
     * @param parent what it is appended to
     */
    Table(Element parent, String... headings) {
        Element table = parent.appendElement("table");
        this.head = table.appendElement("thead").appendElement("tr");
        for (String heading : headings) {
            head.appendElement("th").attr("scope", "col").text(heading);
        }
        this.body = table.appendElement("tbody");
    }

    /** Adds a row, a cell for each heading. */
    Table row(Cell... cells) {
        Element row = body.appendElement("tr");
        for (int column = 0; column < cells.length; column++) {
            Element cell = row.appendElement("td");
            cells[column].fill(cell);
            if (cell.hasClass("number")) {
                head.child(column).addClass("number");
            }
        }
        return this;
    }
}
