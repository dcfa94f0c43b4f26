package io.sparklora.dataprep.step;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.min;

import io.sparklora.pipeline.config.PrepareConfig;
import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * Keeps one of the documents whose normalised texts are the same (SHA-256), as {@link Survivor} chooses. The ledger names
 * it for each of the others.
 */
public final class DropExactDuplicates implements Step.OfCorpus {
    private static final String NAME = "deduplicate";
    private static final DropReason EXACT_DUPLICATE = new DropReason(NAME, "exact-duplicate");
    private static final String HASH = "hash";
    private static final String SURVIVOR = "survivor";

    private final PrepareConfig.Deduplicate mode;

    /** @param mode {@code none} leaves all as they are */
    public DropExactDuplicates(PrepareConfig.Deduplicate mode) {
        this.mode = mode;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public List<DropReason> reasons() {
        return List.of(EXACT_DUPLICATE);
    }

    @Override
    public Dataset<Row> apply(Dataset<Row> documents) {
        return switch (mode) {
            case NONE -> documents;
            case EXACT, NEAR -> withoutDuplicates(documents);
        };
    }

    private static Dataset<Row> withoutDuplicates(Dataset<Row> documents) {
        Column rank = Survivor.rank();
        Dataset<Row> repeated = documents
                .where(col(Documents.TEXT).isNotNull())
                .groupBy(Documents.contentHash().as(HASH))
                .agg(count(lit(1)).as("documents"), min(rank).as(SURVIVOR))
                .where(col("documents").gt(1))
                .drop("documents");
        Column survivorId = col(SURVIVOR).getField(Documents.ID);
        return Documents.drop(
                        documents.join(repeated, Documents.contentHash().equalTo(col(HASH)), "left"),
                        col(SURVIVOR).isNotNull().and(rank.notEqual(col(SURVIVOR))),
                        Documents.verdict(EXACT_DUPLICATE, lit(null), lit(null), survivorId))
                .drop(HASH, SURVIVOR);
    }
}
