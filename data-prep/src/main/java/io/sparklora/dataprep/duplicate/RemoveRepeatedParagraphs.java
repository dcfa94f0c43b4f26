package io.sparklora.dataprep.duplicate;

import static org.apache.spark.sql.functions.array_contains;
import static org.apache.spark.sql.functions.array_join;
import static org.apache.spark.sql.functions.char_length;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.collect_set;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.filter;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.posexplode;
import static org.apache.spark.sql.functions.size;
import static org.apache.spark.sql.functions.split;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.when;
import static org.apache.spark.sql.functions.xxhash64;

import io.sparklora.dataprep.step.Documents;
import io.sparklora.dataprep.step.DropReason;
import io.sparklora.dataprep.step.Step;
import io.sparklora.dataprep.step.Survivor;
import io.sparklora.dataprep.step.TextChange;
import io.sparklora.pipeline.config.PrepareConfig;
import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * Removes paragraphs (what blank lines separate) that stand more than once in the corpus, such as footers and notices,
 * but for their first place in the document that {@link Survivor} chooses. A document of which too little is left is
 * dropped. It comes after the split, which must not depend on what other documents hold.
 */
public final class RemoveRepeatedParagraphs implements Step.OfCorpus {
    private static final String NAME = "paragraphs";
    private static final DropReason TOO_LITTLE_LEFT = new DropReason(NAME, "repeated-paragraphs");
    private static final TextChange REMOVED_PARAGRAPHS = new TextChange(NAME, "removed-paragraphs");
    private static final String BREAK = "\n\n";
    private static final String NODE = ConnectedComponents.NODE;
    private static final String PLACE = "place";
    private static final String PARAGRAPH = "paragraph";
    private static final String FIRST = "first";
    private static final String REMOVED = "removed";

    private final PrepareConfig.RepeatedParagraphs settings;
    private final PrepareConfig.Length limits;

    /** @param limits of which the shortest length decides what is too little */
    public RemoveRepeatedParagraphs(PrepareConfig.RepeatedParagraphs settings, PrepareConfig.Length limits) {
        this.settings = settings;
        this.limits = limits;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public List<DropReason> reasons() {
        return settings.minWords() == 0 ? List.of() : List.of(TOO_LITTLE_LEFT);
    }

    @Override
    public List<TextChange> changes() {
        return settings.minWords() == 0 ? List.of() : List.of(REMOVED_PARAGRAPHS);
    }

    @Override
    public Dataset<Row> apply(Dataset<Row> documents) {
        if (settings.minWords() == 0) {
            return documents;
        }
        Column left = array_join(
                filter(
                        split(col(Documents.TEXT), BREAK),
                        (paragraph, place) -> not(array_contains(col(REMOVED), place))),
                BREAK);
        Dataset<Row> shortened = documents
                .join(removed(documents), Signatures.node().equalTo(col(NODE)), "left")
                .withColumn(Documents.TEXT, when(col(REMOVED).isNotNull(), left).otherwise(col(Documents.TEXT)));
        Column length = char_length(col(Documents.TEXT));
        Column shortest = lit(limits.minCharacters());
        Dataset<Row> judged = Documents.drop(
                shortened,
                col(REMOVED).isNotNull().and(length.lt(shortest)),
                Documents.verdict(TOO_LITTLE_LEFT, length, shortest, lit(null)));
        Column isShortened = col(REMOVED).isNotNull().and(col(Documents.TEXT).isNotNull());
        return REMOVED_PARAGRAPHS
                .count(judged, when(isShortened, size(col(REMOVED))))
                .drop(NODE, REMOVED);
    }

    /** The places of a document's paragraphs that stand elsewhere, too. */
    private Dataset<Row> removed(Dataset<Row> documents) {
        Dataset<Row> paragraphs = documents
                .where(col(Documents.TEXT).isNotNull().and(not(Documents.isSample(documents))))
                .select(
                        Signatures.node().as(NODE),
                        Survivor.rank().as(Signatures.RANK),
                        posexplode(split(col(Documents.TEXT), BREAK)).as(new String[] {PLACE, PARAGRAPH}))
                .where(size(split(col(PARAGRAPH), "\\s+")).geq(settings.minWords()))
                .select(
                        col(NODE),
                        struct(col(Signatures.RANK), col(PLACE)).as(PLACE),
                        xxhash64(col(PARAGRAPH)).as(PARAGRAPH));
        Dataset<Row> repeated = paragraphs
                .groupBy(PARAGRAPH)
                .agg(count(lit(1)).as("places"), min(PLACE).as(FIRST))
                .where(col("places").gt(1))
                .drop("places");
        return paragraphs
                .join(repeated, PARAGRAPH)
                .where(col(PLACE).notEqual(col(FIRST)))
                .groupBy(NODE)
                .agg(collect_set(col(PLACE).getField(PLACE)).as(REMOVED));
    }
}
