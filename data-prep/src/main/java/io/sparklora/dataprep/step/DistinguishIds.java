package io.sparklora.dataprep.step;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.substring;
import static org.apache.spark.sql.functions.when;

import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * Makes ids say which document is meant: one that several documents share gets {@code ~} and eight digits of each text's
 * hash. The suffix depends on the document alone, so it stays as it is when others come. Documents that share id and
 * text keep one id: nothing tells them apart.
 */
public final class DistinguishIds implements Step.OfCorpus {
    private static final int DIGITS = 8;
    private static final String SHARED = "shared_id";

    @Override
    public String name() {
        return "identify";
    }

    @Override
    public List<DropReason> reasons() {
        return List.of();
    }

    @Override
    public Dataset<Row> apply(Dataset<Row> documents) {
        Dataset<Row> shared = documents
                .where(col(Documents.TEXT).isNotNull())
                .groupBy(col(Documents.ID).as(SHARED))
                .agg(count(lit(1)).as("documents"))
                .where(col("documents").gt(1))
                .drop("documents");
        Column isShared = col(SHARED).isNotNull().and(col(Documents.TEXT).isNotNull());
        Column suffixed = concat(col(Documents.ID), lit("~"), substring(Documents.contentHash(), 1, DIGITS));
        return documents
                .join(shared, col(Documents.ID).equalTo(col(SHARED)), "left")
                .withColumn(Documents.ID, when(isShared, suffixed).otherwise(col(Documents.ID)))
                .drop(SHARED);
    }
}
