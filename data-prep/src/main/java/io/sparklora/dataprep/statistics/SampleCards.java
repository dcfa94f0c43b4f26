package io.sparklora.dataprep.statistics;

import io.sparklora.pipeline.dataset.DatasetStatistics;
import io.sparklora.pipeline.dataset.DatasetStatistics.DroppedSample;
import io.sparklora.pipeline.dataset.DatasetStatistics.KeptSample;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Optional;
import org.jsoup.nodes.Element;

/** The documents that the page shows, a card each: kept ones, then those of each reason. */
final class SampleCards {
    private static final int DIGITS = 6;

    private SampleCards() {}

    static void append(Element body, DatasetStatistics statistics) {
        if (!statistics.kept().isEmpty()) {
            Element section = section(body, "Kept documents");
            statistics.kept().forEach(sample -> append(section, sample));
        }
        if (!statistics.dropped().isEmpty()) {
            Element section = section(body, "Dropped documents");
            String heading = "";
            for (DroppedSample sample : statistics.dropped()) {
                String reason = sample.step() + ": " + sample.reason();
                if (!reason.equals(heading)) {
                    section.appendElement("h3").text(reason);
                    heading = reason;
                }
                append(section, sample);
            }
        }
    }

    private static Element section(Element body, String heading) {
        Element section = body.appendElement("section");
        section.appendElement("h2").text(heading);
        section.appendElement("p")
                .addClass("note")
                .text("Those with the least hash of id and text, with the start of the text.");
        return section;
    }

    private static void append(Element section, KeptSample sample) {
        Element card = card(section, sample.documentId(), sample.source(), sample.place());
        card.child(0).appendText(", " + sample.split().directory());
        card.appendElement("blockquote").attr("dir", "auto").text(sample.text());
    }

    private static void append(Element section, DroppedSample sample) {
        Element card = card(section, sample.documentId(), sample.source(), sample.place());
        Element line = card.child(0);
        sample.found()
                .ifPresent(found ->
                        line.appendText(", found ").appendElement("code").text(found.isEmpty() ? "none" : found));
        sample.measured().ifPresent(measured -> line.appendText(", measured " + number(measured)));
        sample.threshold().ifPresent(threshold -> line.appendText(", threshold " + number(threshold)));
        sample.survivorId().ifPresent(survivor -> line.appendText(", kept in its place: ")
                .appendElement("code")
                .text(survivor));
        Optional<String> text = sample.text();
        if (text.isPresent()) {
            card.appendElement("blockquote").attr("dir", "auto").text(text.get());
        } else {
            card.appendElement("p").addClass("note").text("Its text is not kept.");
        }
    }

    /** A card with a line that says which document it is. */
    private static Element card(Element section, String id, int source, String place) {
        Element card = section.appendElement("article");
        Element line = card.appendElement("p");
        line.appendElement("code").text(id);
        line.appendText(" of corpus.sources." + source);
        if (!place.isEmpty() && !place.equals(id)) {
            line.appendText(", ").appendElement("code").text(place);
        }
        return card;
    }

    private static String number(double value) {
        return new BigDecimal(value)
                .round(new MathContext(DIGITS))
                .stripTrailingZeros()
                .toPlainString();
    }
}
