package io.sparklora.dataprep.statistics;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.row_number;
import static org.apache.spark.sql.functions.xxhash64;

import io.sparklora.dataprep.sample.Samples;
import io.sparklora.dataprep.step.Documents;
import io.sparklora.dataprep.step.DropReason;
import io.sparklora.pipeline.dataset.DatasetManifest.Funnel;
import io.sparklora.pipeline.dataset.DatasetStatistics.DroppedSample;
import io.sparklora.pipeline.dataset.DatasetStatistics.KeptSample;
import io.sparklora.pipeline.dataset.Split;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.expressions.WindowSpec;
import org.apache.spark.sql.functions;

/**
 * Some kept documents, and some dropped ones of each reason: those with the least hash of id and text, so that they are the
 * same for any partitioning, and mostly stay the same when other documents come.
 *
 * @param kept in the order of their hashes
 * @param dropped in the order of the funnel, then of their hashes
 */
public record DocumentSamples(List<KeptSample> kept, List<DroppedSample> dropped) {
    private static final String STEP = "step";
    private static final String REASON = "reason";
    private static final String MEASURED = "measured";
    private static final String THRESHOLD = "threshold";
    private static final String SURVIVOR = "survivor_id";
    private static final String FOUND = Documents.FOUND;
    private static final String HASH = "hash";
    private static final String NUMBER = "number";

    /** Copies the lists. */
    public DocumentSamples {
        kept = List.copyOf(kept);
        dropped = List.copyOf(dropped);
    }

    /**
     * Chooses them in one job. Each partition hands on no more than {@code most} of each reason.
     *
     * @param documents after the last step, cached
     * @param funnel whose order the reasons have
     * @param most documents of each reason, and kept ones; 0 chooses none and runs nothing
     */
    public static DocumentSamples of(Dataset<Row> documents, Funnel funnel, int most) {
        if (most == 0) {
            return new DocumentSamples(List.of(), List.of());
        }
        List<DropReason> reasons = funnel.dropped().stream()
                .map(dropped -> new DropReason(dropped.step(), dropped.reason()))
                .toList();
        List<Row> chosen = new ArrayList<>(chosen(documents, most));
        chosen.sort(Comparator.comparingInt((Row row) -> reasons.indexOf(reason(row)))
                .thenComparingInt(row -> row.getAs(NUMBER)));
        return new DocumentSamples(
                chosen.stream()
                        .filter(row -> isKept(row))
                        .map(DocumentSamples::keptSample)
                        .toList(),
                chosen.stream()
                        .filter(row -> !isKept(row))
                        .map(DocumentSamples::droppedSample)
                        .toList());
    }

    private static List<Row> chosen(Dataset<Row> documents, int most) {
        // The columns after the hash leave nothing to chance: documents alike in all of them look the same.
        Column[] order = Stream.of(
                        HASH,
                        Documents.SOURCE,
                        Documents.FILE,
                        Documents.ROW,
                        Documents.ID,
                        MEASURED,
                        SURVIVOR,
                        FOUND,
                        Documents.SPLIT,
                        Documents.TEXT)
                .map(functions::col)
                .toArray(Column[]::new);
        WindowSpec ofReason = Window.partitionBy(STEP, REASON).orderBy(order);
        return documents
                .select(
                        col(Documents.SOURCE),
                        col(Documents.FILE),
                        col(Documents.ROW),
                        col(Documents.ID),
                        col(Documents.SPLIT),
                        verdict(STEP),
                        verdict(REASON),
                        verdict(MEASURED),
                        verdict(THRESHOLD),
                        verdict(SURVIVOR),
                        verdict(FOUND),
                        coalesce(col(Documents.EXCERPT), Documents.excerpt()).as(Documents.TEXT))
                .withColumn(HASH, xxhash64(col(Documents.ID), col(Documents.TEXT)))
                .withColumn(NUMBER, row_number().over(ofReason))
                .where(col(NUMBER).leq(lit(most)))
                .collectAsList();
    }

    private static Column verdict(String field) {
        return col(Documents.DROPPED).getField(field).as(field);
    }

    private static boolean isKept(Row row) {
        return row.getAs(STEP) == null;
    }

    private static DropReason reason(Row row) {
        return new DropReason(row.getAs(STEP), row.getAs(REASON));
    }

    private static KeptSample keptSample(Row row) {
        int split = row.getAs(Documents.SPLIT);
        return new KeptSample(
                row.getAs(Documents.ID),
                row.getAs(Documents.SOURCE),
                place(row),
                Split.values()[split],
                Samples.readable(row.getAs(Documents.TEXT)));
    }

    private static DroppedSample droppedSample(Row row) {
        return new DroppedSample(
                row.getAs(STEP),
                row.getAs(REASON),
                row.getAs(Documents.ID),
                row.getAs(Documents.SOURCE),
                place(row),
                Optional.ofNullable(row.getAs(MEASURED)),
                Optional.ofNullable(row.getAs(THRESHOLD)),
                Optional.ofNullable(row.getAs(SURVIVOR)),
                Optional.ofNullable(row.getAs(FOUND)),
                Optional.<String>ofNullable(row.getAs(Documents.TEXT)).map(Samples::readable));
    }

    private static String place(Row row) {
        String file = row.getAs(Documents.FILE);
        Long number = row.getAs(Documents.ROW);
        return file.isEmpty() || number == null ? file : file + "#" + number;
    }
}
