package io.sparklora.dataprep.step;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class MarkupTest {
    @Test
    void keepsParagraphsAsBlankLinesAndBlocksAsLines() {
        String html = """
                <html><head><title>no</title><style>p {}</style></head><body>
                <h1>The  Title</h1><div>one <b>bold</b>
                word</div><div>two</div>
                <ul><li>first</li><li>second</li></ul>
                <p>end<br>of it &amp; all</p><script>alert(1)</script></body></html>
                """;

        assertThat(Markup.plainText(html))
                .isEqualTo("The Title\n\none bold word\ntwo\n\nfirst\nsecond\n\nend\nof it & all");
    }

    @Test
    void keepsThePreformattedAsItIsAndCellsApart() {
        assertThat(Markup.plainText(
                        "a<pre>x\n  y</pre><table><tr><td>1</td><td>2</td></tr><tr><td>3</td></tr></table>"))
                .isEqualTo("a\n\nx\n  y\n\n1 2\n3");
    }

    @Test
    void makesTextOfBrokenMarkup() {
        assertThat(Markup.plainText("<p>a<b>c</p>d<<")).isEqualTo("a c\n\nd<<".replace(" ", ""));
        assertThat(Markup.plainText("")).isEmpty();
    }
}
