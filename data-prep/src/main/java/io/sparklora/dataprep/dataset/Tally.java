package io.sparklora.dataprep.dataset;

import static org.apache.spark.sql.functions.char_length;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.sum;

import io.sparklora.dataprep.step.Documents;
import io.sparklora.dataprep.step.DropReason;
import io.sparklora.dataprep.step.TextChange;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;

/**
 * Documents of one fate and one language. Every sum is one of integers, so that it is the same in any order.
 *
 * @param reason why they were dropped; empty for kept documents
 * @param language empty for documents that were dropped before languages were told
 * @param documents how many
 * @param characters code points of the kept documents
 * @param identified how many have an identified language
 * @param confidence their confidences' sum, in millionths
 * @param changes what was done to their texts, in the order in which it was asked for
 */
record Tally(
        Optional<DropReason> reason,
        Optional<String> language,
        long documents,
        long characters,
        long identified,
        long confidence,
        List<Long> changes) {
    private static final double MILLION = 1e6;
    private static final int FIRST_CHANGE = 7;

    /** Copies the list. */
    Tally {
        changes = List.copyOf(changes);
    }

    /**
     * Counts all documents in one query.
     *
     * @param documents after the last step, kept
     * @param changes of their texts
     */
    static List<Tally> of(Dataset<Row> documents, List<TextChange> changes) {
        Column confidence = Documents.confidence(documents);
        List<Column> totals = new ArrayList<>(List.of(
                total(char_length(col(Documents.TEXT))), count(confidence), total(confidence.multiply(MILLION))));
        changes.forEach(change -> totals.add(change.isIn(documents) ? total(change.column()) : lit(0L)));
        return documents
                .groupBy(
                        col(Documents.DROPPED).getField("step"),
                        col(Documents.DROPPED).getField("reason"),
                        Documents.language(documents))
                .agg(count(lit(1)), totals.toArray(Column[]::new))
                .collectAsList()
                .stream()
                .map(Tally::of)
                .toList();
    }

    private static Column total(Column value) {
        return coalesce(sum(value.cast(DataTypes.LongType)), lit(0L));
    }

    private static Tally of(Row row) {
        return new Tally(
                row.isNullAt(0) ? Optional.empty() : Optional.of(new DropReason(row.getString(0), row.getString(1))),
                Optional.ofNullable(row.getString(2)),
                row.getLong(3),
                row.getLong(4),
                row.getLong(5),
                row.getLong(6),
                IntStream.range(FIRST_CHANGE, row.size()).mapToObj(row::getLong).toList());
    }

    /** The mean confidence of the identified languages of some documents, in [0, 1]; empty where none was identified. */
    static Optional<Double> meanConfidence(List<Tally> tallies) {
        long identified = tallies.stream().mapToLong(Tally::identified).sum();
        long confidence = tallies.stream().mapToLong(Tally::confidence).sum();
        return identified == 0 ? Optional.empty() : Optional.of(confidence / MILLION / identified);
    }
}
