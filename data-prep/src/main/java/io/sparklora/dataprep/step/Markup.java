package io.sparklora.dataprep.step;

import java.util.Set;
import org.commonmark.parser.Parser;
import org.commonmark.renderer.html.HtmlRenderer;
import org.jsoup.Jsoup;
import org.jsoup.nodes.Document;
import org.jsoup.nodes.Element;
import org.jsoup.nodes.Node;
import org.jsoup.nodes.TextNode;
import org.jsoup.select.NodeTraversor;
import org.jsoup.select.NodeVisitor;

/** The text of an HTML or Markdown document with its paragraphs: what a reader sees, one line a block, a blank line between paragraphs. */
final class Markup {
    private static final Set<String> PARAGRAPHS = Set.of(
            "p",
            "h1",
            "h2",
            "h3",
            "h4",
            "h5",
            "h6",
            "ul",
            "ol",
            "dl",
            "table",
            "blockquote",
            "pre",
            "hr",
            "section",
            "article");

    /** Deeper nesting is read as words: it would overflow the stack. */
    private static final int DEEPEST_MARKDOWN = 100;

    private static final Parser MARKDOWN = Parser.builder()
            .maxOpenBlockParsers(DEEPEST_MARKDOWN)
            .maxInlineNesting(DEEPEST_MARKDOWN)
            .build();
    private static final HtmlRenderer RENDERER = HtmlRenderer.builder().build();

    private Markup() {}

    /** Text of CommonMark, and of the HTML in it; never fails, since every text is CommonMark. */
    static String plainTextOfMarkdown(String markdown) {
        return plainText(RENDERER.render(MARKDOWN.parse(markdown)));
    }

    /** Never fails: the HTML standard gives a document to every text. */
    static String plainText(String html) {
        Document document = Jsoup.parse(html);
        document.select("head, script, style, template, noscript").remove();
        Text text = new Text();
        NodeTraversor.traverse(text, document.body());
        return text.out.toString().strip();
    }

    private static final class Text implements NodeVisitor {
        private final StringBuilder out = new StringBuilder();

        @Override
        public void head(Node node, int depth) {
            if (node instanceof TextNode words) {
                append(words);
            } else if (node instanceof Element element) {
                breakLine(element);
            }
        }

        @Override
        public void tail(Node node, int depth) {
            if (node instanceof Element element && !element.nameIs("br")) {
                breakLine(element);
            }
        }

        private void append(TextNode words) {
            Element parent = words.parent();
            boolean verbatim = parent != null && parent.closest("pre, textarea") != null;
            String text = verbatim ? words.getWholeText() : words.getWholeText().replaceAll("[ \t\r\n\f]+", " ");
            out.append(!verbatim && (endsLine() || out.charAt(out.length() - 1) == ' ') ? text.stripLeading() : text);
        }

        private void breakLine(Element element) {
            if (element.nameIs("br")) {
                out.append('\n');
            } else if (PARAGRAPHS.contains(element.normalName())) {
                endWith("\n\n");
            } else if (element.nameIs("td") || element.nameIs("th")) {
                if (!endsLine() && out.charAt(out.length() - 1) != ' ') {
                    out.append(' ');
                }
            } else if (element.isBlock()) {
                endWith("\n");
            }
        }

        private boolean endsLine() {
            return out.isEmpty() || out.charAt(out.length() - 1) == '\n';
        }

        /** Adds the line feeds that are missing; nothing at the start. */
        private void endWith(String lineFeeds) {
            while (!out.isEmpty() && out.charAt(out.length() - 1) == ' ') {
                out.setLength(out.length() - 1);
            }
            int there = 0;
            while (there < lineFeeds.length() && there < out.length() && out.charAt(out.length() - 1 - there) == '\n') {
                there++;
            }
            if (!out.isEmpty()) {
                out.append(lineFeeds, there, lineFeeds.length());
            }
        }
    }
}
