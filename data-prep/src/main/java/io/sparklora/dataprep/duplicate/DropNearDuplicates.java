package io.sparklora.dataprep.duplicate;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.min_by;
import static org.apache.spark.sql.functions.struct;

import io.sparklora.dataprep.step.Documents;
import io.sparklora.dataprep.step.DropReason;
import io.sparklora.dataprep.step.ScratchTables;
import io.sparklora.dataprep.step.Step;
import io.sparklora.dataprep.step.ValueStore;
import io.sparklora.pipeline.config.PrepareConfig;
import io.sparklora.pipeline.config.PrepareConfig.NearDuplicates.Keep;
import io.sparklora.pipeline.dataset.DatasetStatistics.NearDuplicateFigures;
import java.util.List;
import java.util.function.Consumer;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;

/**
 * Clusters the documents whose shingles are nearly the same, and keeps one of each cluster, as
 * {@link io.sparklora.dataprep.step.Survivor} chooses. A cluster is whatever similar pairs connect, so that the ledger's
 * measure, the similarity with the survivor, may lie below the threshold at a chain's end. Exact duplicates must be
 * gone: they would be one node.
 */
public final class DropNearDuplicates implements Step.OfCorpus {
    private static final String NAME = "deduplicate";
    private static final DropReason NEAR_DUPLICATE = new DropReason(NAME, "near-duplicate");
    private static final String SURVIVOR = "survivor";
    private static final String SURVIVOR_ID = "survivor_id";
    private static final String IS_SURVIVOR = "is_survivor";
    private static final String MEASURED = "measured";

    private final PrepareConfig.Deduplicate mode;
    private final PrepareConfig.NearDuplicates settings;
    private final ScratchTables scratch;
    private final ValueStore store;
    private final Consumer<NearDuplicateFigures> measured;

    /**
     * @param mode anything but {@code near} leaves all as they are
     * @param scratch keeps the signatures and the clusters
     * @param store knows the signatures of texts that were compared before
     * @param measured is told how well the near-duplicates were found, where that is asked for
     */
    public DropNearDuplicates(
            PrepareConfig.Deduplicate mode,
            PrepareConfig.NearDuplicates settings,
            ScratchTables scratch,
            ValueStore store,
            Consumer<NearDuplicateFigures> measured) {
        this.mode = mode;
        this.settings = settings;
        this.scratch = scratch;
        this.store = store;
        this.measured = measured;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public List<DropReason> reasons() {
        return drops() ? List.of(NEAR_DUPLICATE) : List.of();
    }

    private boolean drops() {
        return mode == PrepareConfig.Deduplicate.NEAR && settings.keep() == Keep.SURVIVOR;
    }

    /** Runs the jobs that find the clusters; what it returns is lazy. */
    @Override
    public Dataset<Row> apply(Dataset<Row> documents) {
        if (mode != PrepareConfig.Deduplicate.NEAR) {
            return documents.withColumn(Documents.CLUSTER, lit(null).cast(DataTypes.LongType));
        }
        Dataset<Row> clusters = clusters(documents);
        if (settings.compared() > 0) {
            measured.accept(SampledPairs.of(documents, settings).figures(documents, clusters));
        }
        Dataset<Row> joined =
                documents.join(clusters, Signatures.node().equalTo(col(ConnectedComponents.NODE)), "left");
        Column isDropped = lit(drops()).and(col(IS_SURVIVOR).equalTo(false));
        Column verdict = Documents.verdict(NEAR_DUPLICATE, col(MEASURED), lit(settings.similarity()), col(SURVIVOR_ID));
        return Documents.drop(joined, isDropped, verdict)
                .withColumnRenamed(ConnectedComponents.COMPONENT, Documents.CLUSTER)
                .drop(ConnectedComponents.NODE, SURVIVOR_ID, IS_SURVIVOR, MEASURED);
    }

    /** The members of every cluster, with the id of its survivor and their similarity with it. */
    private Dataset<Row> clusters(Dataset<Row> documents) {
        Signatures minHash = new Signatures(settings);
        Dataset<Row> signatures = minHash.of(documents, store);
        Dataset<Row> labels =
                ConnectedComponents.of(minHash.pairs(signatures), scratch).labels();
        Dataset<Row> members = labels.join(signatures, ConnectedComponents.NODE);
        Column identity = struct(
                col(ConnectedComponents.NODE).as("survivor_node"),
                col(Signatures.RANK).getField(Documents.ID).as(SURVIVOR_ID),
                col(Signatures.SIGNATURE).as("survivor_signature"));
        Dataset<Row> survivors = members.groupBy(ConnectedComponents.COMPONENT)
                .agg(min_by(identity, col(Signatures.RANK)).as(SURVIVOR))
                .select(col(ConnectedComponents.COMPONENT), col(SURVIVOR + ".*"));
        return scratch.keep(members.join(survivors, ConnectedComponents.COMPONENT)
                .select(
                        col(ConnectedComponents.NODE),
                        col(ConnectedComponents.COMPONENT),
                        col(SURVIVOR_ID),
                        col(ConnectedComponents.NODE)
                                .equalTo(col("survivor_node"))
                                .as(IS_SURVIVOR),
                        Signatures.similarity(col(Signatures.SIGNATURE), col("survivor_signature"))
                                .as(MEASURED)));
    }
}
