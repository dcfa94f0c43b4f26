package io.sparklora.dataprep.statistics;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparklora.pipeline.dataset.DatasetStatistics;
import io.sparklora.pipeline.dataset.DatasetStatistics.Share;
import io.sparklora.pipeline.dataset.TinyStatistics;
import io.sparklora.pipeline.run.ContentKey;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jsoup.Jsoup;
import org.jsoup.nodes.Attribute;
import org.jsoup.nodes.Document;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class StatisticsPageTest {
    private static final ContentKey KEY = ContentKey.ofText("dataset");

    @ParameterizedTest
    @ValueSource(
            strings = {
                "<script>alert(1)</script>",
                "</blockquote></article></section></body></html><script src=https://example.com/x.js></script>",
                "</title></style></svg></textarea><!-- --><img src=x onerror=alert(1)>",
                "\"'` onmouseover=alert(1) x=<svg/onload=alert(1)>",
                "]]><![CDATA[<script>alert(1)</script>]]>",
                "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &#60;script>",
                "<a href=\"javascript:alert(1)\">x</a>\n\n  indented \u202E\u0000\u0007",
            })
    void noTextOfACorpusBecomesMarkup(String hostile) {
        Document page = page(TinyStatistics.of(KEY, hostile));

        assertThat(shape(page)).isEqualTo(shape(page(TinyStatistics.of(KEY, "a licence"))));
        // A parser may put U+FFFD in the place of the control character that HTML does not know.
        String seen = hostile.replace('\u0000', '\uFFFD');
        assertThat(page.select("blockquote")).hasSize(2).allSatisfy(text -> assertThat(text.wholeText())
                .isEqualTo(seen));
    }

    /** Every element with the names of its attributes, in the page's order. */
    private static List<String> shape(Document page) {
        return page.getAllElements().stream()
                .map(element -> element.tagName()
                        + element.attributes().asList().stream()
                                .map(Attribute::getKey)
                                .toList())
                .toList();
    }

    @Test
    void needsNothingButItself() {
        String html = html(TinyStatistics.of(KEY, "a licence"));

        assertThat(html).startsWith("<!doctype html>").endsWith("\n").doesNotContain("://", "@import", "url(");
        Document page = Jsoup.parse(html);
        assertThat(page.select("script, link, img, iframe, object, embed, base, [src], [href], [style]"))
                .isEmpty();
        assertThat(page.select("meta[http-equiv]").attr("content"))
                .isEqualTo("default-src 'none'; style-src 'unsafe-inline'");
    }

    @Test
    void showsTheFiguresOfTheStatistics() {
        Document page = page(TinyStatistics.of(KEY, "a licence"));

        assertThat(page.select("dl.figures div").eachText())
                .containsExactly(
                        "documents read 7",
                        "documents kept 4",
                        "documents dropped 3",
                        "tokens 75",
                        "sequences of 64 3",
                        "of their places filled 39.06 %");
        assertThat(rows(page, "What became of the documents"))
                .containsExactly("read 7 100.0 %", "length too-short 3 42.9 %", "kept 4 57.1 %");
        assertThat(page.select("section:has(h2:contains(What became)) .note").text())
                .isEqualTo("Dropped nothing: length too-long.");
        assertThat(rows(page, "What the steps did")).containsExactly("normalise changed-documents 1,234");
        assertThat(rows(page, "Splits")).containsExactly("train 3 70 67 2 2 54.7 %", "validation 1 5 4 1 1 7.8 %");
        assertThat(rows(page, "Length of the documents")).containsExactly("train 1 9 60 60 23", "validation 5 5 5 5 5");
        assertThat(rows(page, "Sources")).containsExactly("0: a licence 7 4 75 100.0 %");
        assertThat(rows(page, "Languages"))
                .containsExactly(
                        "a licence 5 4 75 100.0 % 0.969 other-language 1", "not known 1 0 0 0.0 % a licence 1");
        assertThat(rows(page, "Licences")).containsExactly("a licence 3 70 93.3 %", "none 1 5 6.7 %");
        assertThat(rows(page, "Personal data")).containsExactly("email replace 1 2");
        assertThat(page.select("article").eachText())
                .containsExactly(
                        "a licence of corpus.sources.0, train a licence",
                        "a licence of corpus.sources.0, found a licence, measured 9, threshold 10, kept in its place: a licence a licence",
                        "b of corpus.sources.0 Its text is not kept.");
    }

    @Test
    void drawsABarForEachBinAsLongAsItsDocumentsAre() {
        Document page = page(TinyStatistics.of(KEY, "a licence"));

        assertThat(page.select("figure")).hasSize(2);
        assertThat(page.select("figure").get(0).select("text").eachText())
                .containsExactly("1", "1", "2 – 3", "0", "4 – 7", "0", "8 – 15", "1", "16 – 31", "0", "32 – 63", "1");
        assertThat(page.select("figure").get(0).select("rect").eachAttr("width"))
                .containsExactly("400.0", "0.0", "0.0", "400.0", "0.0", "400.0");
        assertThat(html(TinyStatistics.of(KEY, ""))).contains("viewBox=\"0 0 640 132\"");
    }

    @Test
    void showsTheThirtyLicencesWithTheMostTokensAndSumsUpTheOthers() {
        DatasetStatistics tiny = TinyStatistics.of(KEY, "");
        DatasetStatistics many = new DatasetStatistics(
                1,
                KEY,
                64,
                tiny.funnel(),
                List.of(),
                tiny.splits(),
                tiny.sources(),
                List.of(),
                IntStream.range(0, 10_000)
                        .mapToObj(i -> new Share("licence " + i, 1, 2))
                        .toList(),
                List.of(),
                Optional.empty(),
                List.of(),
                List.of());

        Document page = page(many);

        assertThat(rows(page, "Licences")).hasSize(31).last().asString().startsWith("9,970 others 9,970 19,940");
        assertThat(page.select("h2").eachText())
                .doesNotContain(
                        "What the steps did to texts",
                        "Languages",
                        "Personal data and secrets",
                        "Near-duplicates",
                        "Kept documents");
    }

    private static List<String> rows(Document page, String heading) {
        return page.select("section:has(h2:contains(" + heading + ")) tbody tr").eachText();
    }

    private static Document page(DatasetStatistics statistics) {
        return Jsoup.parse(html(statistics));
    }

    private static String html(DatasetStatistics statistics) {
        return new String(StatisticsPage.of(statistics), StandardCharsets.UTF_8);
    }
}
