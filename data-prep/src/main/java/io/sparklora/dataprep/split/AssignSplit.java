package io.sparklora.dataprep.split;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.when;
import static org.apache.spark.sql.functions.xxhash64;

import io.sparklora.dataprep.duplicate.ConnectedComponents;
import io.sparklora.dataprep.step.Documents;
import io.sparklora.dataprep.step.DropReason;
import io.sparklora.dataprep.step.ScratchTables;
import io.sparklora.dataprep.step.Step;
import io.sparklora.pipeline.config.PrepareConfig;
import io.sparklora.pipeline.dataset.Split;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;

/**
 * Assigns each document to a split. What goes together is a unit: the documents of a group, those of a cluster of
 * near-duplicates, and groups that a cluster connects; any other document is a unit of its own.
 *
 * <ul>
 *   <li>By shares: a hash of seed and unit decides. A document stays in its split when others come; a cluster may change
 *       it where a document with a lower hash joins, a group where a cluster connects it with another one.
 *   <li>By time: the unit's latest document decides, so that nothing newer than the validation split's start is trained
 *       on. Documents without a timestamp are dropped.
 * </ul>
 */
public final class AssignSplit implements Step.OfCorpus {
    private static final String NAME = "split";
    private static final DropReason NO_TIMESTAMP = new DropReason(NAME, "no-timestamp");
    private static final String UNIT = "unit";
    private static final String REPEATED_UNIT = "repeated_unit";
    private static final String LATEST = "latest";

    private final PrepareConfig.Split settings;
    private final long seed;
    private final List<String> units;
    private final ScratchTables scratch;

    /**
     * @param seed of the hash
     * @param units which of {@link Documents#GROUP} and {@link Documents#CLUSTER} hold documents together
     * @param scratch keeps which units belong together
     */
    public AssignSplit(PrepareConfig.Split settings, long seed, List<String> units, ScratchTables scratch) {
        this.settings = settings;
        this.seed = seed;
        this.units = List.copyOf(units);
        this.scratch = scratch;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public List<DropReason> reasons() {
        return settings.isByTime() ? List.of(NO_TIMESTAMP) : List.of();
    }

    @Override
    public Dataset<Row> apply(Dataset<Row> documents) {
        Dataset<Row> assigned = settings.isByTime()
                ? withLatest(withUnits(Documents.drop(
                                documents, col(Documents.TIMESTAMP).isNull(), Documents.verdict(NO_TIMESTAMP))))
                        .withColumn(Documents.SPLIT, splitOfTime())
                : withUnits(documents).withColumn(Documents.SPLIT, splitOfHash());
        return assigned.drop(UNIT, LATEST);
    }

    private Dataset<Row> withUnits(Dataset<Row> documents) {
        List<Column> names = new ArrayList<>();
        units.forEach(unit -> names.add(concat(lit(unit + ":"), col(unit).cast(DataTypes.StringType))));
        if (units.size() < 2) {
            names.add(Documents.contentHash());
            return documents.withColumn(UNIT, coalesce(names.toArray(Column[]::new)));
        }
        Dataset<Row> connections = documents
                .where(col(Documents.TEXT)
                        .isNotNull()
                        .and(names.get(0).isNotNull())
                        .and(names.get(1).isNotNull()))
                .select(xxhash64(names.get(0)).as("one"), xxhash64(names.get(1)).as("other"))
                .distinct();
        Dataset<Row> labels = ConnectedComponents.of(connections, scratch).labels();
        names.add(Documents.contentHash());
        Column name = coalesce(names.toArray(Column[]::new));
        Column connected =
                concat(lit("connected:"), col(ConnectedComponents.COMPONENT).cast(DataTypes.StringType));
        return documents
                .join(labels, xxhash64(name).equalTo(col(ConnectedComponents.NODE)), "left")
                .withColumn(UNIT, coalesce(connected, name))
                .drop(ConnectedComponents.NODE, ConnectedComponents.COMPONENT);
    }

    /** Adds the timestamp of the unit's latest document. */
    private static Dataset<Row> withLatest(Dataset<Row> documents) {
        Dataset<Row> repeated = documents
                .where(col(Documents.TEXT).isNotNull())
                .groupBy(col(UNIT).as(REPEATED_UNIT))
                .agg(count(lit(1)).as("documents"), max(Documents.TIMESTAMP).as(LATEST))
                .where(col("documents").gt(1))
                .drop("documents");
        return documents
                .join(repeated, col(UNIT).equalTo(col(REPEATED_UNIT)), "left")
                .withColumn(LATEST, coalesce(col(LATEST), col(Documents.TIMESTAMP)))
                .drop(REPEATED_UNIT);
    }

    private Column splitOfTime() {
        Column split = lit(Split.TRAIN.ordinal());
        if (settings.validationStart().isPresent()) {
            split = when(col(LATEST).geq(lit(settings.validationStart().get())), Split.VALIDATION.ordinal())
                    .otherwise(split);
        }
        if (settings.testStart().isPresent()) {
            split = when(col(LATEST).geq(lit(settings.testStart().get())), Split.TEST.ordinal())
                    .otherwise(split);
        }
        return split;
    }

    private Column splitOfHash() {
        Column draw = Draw.of(seed, col(UNIT));
        return when(draw.lt(settings.validation()), Split.VALIDATION.ordinal())
                .when(draw.lt(settings.validation() + settings.test()), Split.TEST.ordinal())
                .otherwise(Split.TRAIN.ordinal());
    }

    /**
     * How many groups and clusters have documents in more than one split.
     *
     * @param documents after this step
     */
    public static long straddling(Dataset<Row> documents) {
        Dataset<Row> kept = documents.where(col(Documents.DROPPED).isNull());
        return straddling(kept, Documents.GROUP) + straddling(kept, Documents.CLUSTER);
    }

    private static long straddling(Dataset<Row> kept, String unit) {
        return kept.where(col(unit).isNotNull())
                .groupBy(unit)
                .agg(min(Documents.SPLIT).as("first"), max(Documents.SPLIT).as("last"))
                .where(col("first").notEqual(col("last")))
                .count();
    }
}
