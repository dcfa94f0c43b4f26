package io.sparklora.dataprep.step;

import static org.apache.spark.sql.functions.char_length;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.not;

import io.sparklora.pipeline.config.PrepareConfig;
import io.sparklora.pipeline.dataset.DatasetManifest.Dropped;
import io.sparklora.pipeline.dataset.DatasetManifest.Funnel;
import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * Drops documents of too few or too many characters (Unicode code points of the normalised text). Instructions and chats
 * are never too short: a short answer is a whole one.
 */
public final class LimitLength implements Step.OfDocument {
    private static final String NAME = "length";
    private static final DropReason TOO_SHORT = new DropReason(NAME, "too-short");
    private static final DropReason TOO_LONG = new DropReason(NAME, "too-long");

    private final PrepareConfig.Length limits;

    /** @param limits both inclusive */
    public LimitLength(PrepareConfig.Length limits) {
        this.limits = limits;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public List<DropReason> reasons() {
        return List.of(TOO_SHORT, TOO_LONG);
    }

    /** How many documents a funnel counts as too long. */
    public static long tooLong(Funnel funnel) {
        return funnel.dropped().stream()
                .filter(dropped ->
                        dropped.step().equals(NAME) && dropped.reason().equals(TOO_LONG.word()))
                .mapToLong(Dropped::documents)
                .sum();
    }

    /** The place of the first document that was dropped as too long: {@code a.jsonl#7 of corpus.sources.0}. */
    public static String firstTooLong(Dataset<Row> documents) {
        Row first = documents
                .where(col(Documents.DROPPED).getField("reason").equalTo(TOO_LONG.word()))
                .orderBy(Documents.SOURCE, Documents.FILE, Documents.ROW, Documents.ID)
                .select(Documents.place(), col(Documents.SOURCE))
                .first();
        return first.getString(0) + " of corpus.sources." + first.getInt(1);
    }

    @Override
    public Dataset<Row> apply(Dataset<Row> documents) {
        Column length = char_length(col(Documents.TEXT));
        Column shortest = lit(limits.minCharacters());
        Column longest = lit(limits.maxCharacters());
        Column none = lit(null);
        Column isShort = length.lt(shortest).and(not(Documents.isSample(documents)));
        Dataset<Row> longEnough =
                Documents.drop(documents, isShort, Documents.verdict(TOO_SHORT, length, shortest, none));
        return Documents.drop(longEnough, length.gt(longest), Documents.verdict(TOO_LONG, length, longest, none));
    }
}
