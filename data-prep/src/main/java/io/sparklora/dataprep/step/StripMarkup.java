package io.sparklora.dataprep.step;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.udf;
import static org.apache.spark.sql.functions.when;

import io.sparklora.pipeline.config.PrepareConfig;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.expressions.UserDefinedFunction;
import org.apache.spark.sql.types.DataTypes;

/**
 * HTML and Markdown to plain text. {@code auto} takes a document for HTML that holds a doctype, a line break or paragraph element, or
 * the end tag of a common element; {@code <year>} and {@code <name@host>} in plain text are no markup.
 */
public final class StripMarkup implements Step.OfDocument {
    private static final String NAME = "markup";
    private static final TextChange CHANGED = new TextChange(NAME, "changed-documents");
    private static final String HTML =
            "<(!doctype html|(br|p|hr)( [^<>]*)?/?>|/(html|body|head|div|span|p|a|b|i|em|strong"
                    + "|ul|ol|li|dl|dt|dd|table|tr|td|th|pre|code|h1|h2|h3|h4|h5|h6|font|center)>)";

    // Spelled out, since the GPU knows neither (?i) nor all of lower().
    private static final String ANY_CASE = Pattern.compile("[a-z]")
            .matcher(HTML)
            .replaceAll(letter -> "[" + letter.group() + letter.group().toUpperCase(Locale.ROOT) + "]");

    // Parsing markup is no column expression: these documents, and only these, leave the GPU.
    private static final UserDefinedFunction PLAIN =
            udf((UDF1<String, String>) Markup::plainText, DataTypes.StringType).withName("text_of_html");

    private static final UserDefinedFunction PLAIN_MARKDOWN = udf(
                    (UDF1<String, String>) Markup::plainTextOfMarkdown, DataTypes.StringType)
            .withName("text_of_markdown");

    private final PrepareConfig.Html mode;
    private final Set<Integer> markdownSources;

    /**
     * @param mode which documents are taken for HTML
     * @param markdownSources places in {@code corpus.sources} of those whose documents are Markdown, whatever the mode
     */
    public StripMarkup(PrepareConfig.Html mode, Set<Integer> markdownSources) {
        this.mode = mode;
        this.markdownSources = Set.copyOf(markdownSources);
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public List<DropReason> reasons() {
        return List.of();
    }

    @Override
    public List<TextChange> changes() {
        return keepsAll() ? List.of() : List.of(CHANGED);
    }

    @Override
    public Dataset<Row> apply(Dataset<Row> documents) {
        if (keepsAll()) {
            return documents;
        }
        Column text = col(Documents.TEXT);
        Column isMarkdown =
                col(Documents.SOURCE).isInCollection(markdownSources).and(text.isNotNull());
        return Documents.withPlainText(
                documents,
                when(isMarkdown, PLAIN_MARKDOWN.apply(text))
                        .when(isHtml(text), PLAIN.apply(text))
                        .otherwise(text),
                CHANGED);
    }

    private boolean keepsAll() {
        return mode == PrepareConfig.Html.KEEP && markdownSources.isEmpty();
    }

    private Column isHtml(Column text) {
        return switch (mode) {
            case KEEP -> lit(false);
            case STRIP -> text.isNotNull();
            case AUTO -> text.contains("<").and(text.rlike(ANY_CASE));
        };
    }
}
