package io.sparklora.dataprep.split;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.floor;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.when;

import io.sparklora.dataprep.step.Documents;
import io.sparklora.dataprep.step.DropReason;
import io.sparklora.dataprep.step.Step;
import io.sparklora.pipeline.config.SourceConfig;
import io.sparklora.pipeline.dataset.Split;
import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;

/**
 * Says how often each training document is seen in an epoch: as often as its source weighs. Of a weight's fraction a hash
 * of seed and text decides, so that a document's share does not change when others come; a document of a source that
 * weighs less than 1 may be left out. What is held out is seen once.
 */
public final class RepeatByWeight implements Step.OfDocument {
    private static final String NAME = "weight";
    private static final DropReason NOT_DRAWN = new DropReason(NAME, "not-drawn");
    private static final String SALT = "weight:";

    private final List<SourceConfig> sources;
    private final long seed;

    /**
     * @param sources off where all weigh 1
     * @param seed of the draw
     */
    public RepeatByWeight(List<SourceConfig> sources, long seed) {
        this.sources = List.copyOf(sources);
        this.seed = seed;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public boolean isOn() {
        return sources.stream().anyMatch(source -> source.weight() != 1);
    }

    @Override
    public List<DropReason> reasons() {
        return sources.stream().anyMatch(source -> source.weight() < 1) ? List.of(NOT_DRAWN) : List.of();
    }

    @Override
    public Dataset<Row> apply(Dataset<Row> documents) {
        Column weight = col(Documents.WEIGHT);
        Column draw = Draw.of(seed, lit(SALT), Documents.contentHash());
        Column certain = floor(weight);
        Column copies = certain.plus(when(draw.lt(weight.minus(certain)), 1).otherwise(0));
        Column isTrained = col(Documents.SPLIT).equalTo(Split.TRAIN.ordinal());
        Dataset<Row> counted = documents.withColumn(
                Documents.COPIES, when(isTrained, copies).otherwise(1).cast(DataTypes.IntegerType));
        return Documents.drop(
                counted, col(Documents.COPIES).equalTo(0), Documents.verdict(NOT_DRAWN, draw, weight, lit(null)));
    }
}
