package io.sparklora.dataprep.step;

import static org.apache.spark.sql.functions.array_distinct;
import static org.apache.spark.sql.functions.btrim;
import static org.apache.spark.sql.functions.char_length;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.split;
import static org.apache.spark.sql.functions.udf;
import static org.apache.spark.sql.functions.when;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.config.PrepareConfig;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.api.java.UDF2;
import org.apache.spark.sql.expressions.UserDefinedFunction;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * Removes boilerplate: lines that stand in more than a share of a source's different texts, such as a site's menu or a
 * footer with the terms of use. Texts that are the same count once, or a document that is there a hundred times would be
 * its own boilerplate.
 */
public final class RemoveRecurringLines implements Step.OfCorpus {
    private static final String NAME = "recurring-lines";
    private static final TextChange REMOVED_LINES = new TextChange(NAME, "removed-lines");
    private static final String RESULT = "recurring_lines_result";
    private static final String REMOVED = "removed";
    private static final StructType RESULT_TYPE =
            new StructType().add(Documents.TEXT, DataTypes.StringType).add(REMOVED, DataTypes.IntegerType);
    private static final String LINE = "line";
    private static final String TEXTS = "texts";
    private static final int MOST_LINES = 100_000;

    private final PrepareConfig.RecurringLines limits;

    /** @param limits when a line is taken for boilerplate */
    public RemoveRecurringLines(PrepareConfig.RecurringLines limits) {
        this.limits = limits;
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
        return List.of(REMOVED_LINES);
    }

    @Override
    public boolean isOn() {
        return limits.isOn();
    }

    /** Counts the lines at once; what is done with the texts is lazy. */
    @Override
    public Dataset<Row> apply(Dataset<Row> documents) {
        Map<Integer, Set<String>> recurring = recurringLines(documents);
        if (recurring.isEmpty()) {
            return documents;
        }
        Column isSearched = col(Documents.SOURCE)
                .isInCollection(recurring.keySet())
                .and(col(Documents.TEXT).isNotNull())
                .and(not(Documents.isSample(documents)));
        Column without = without(documents, recurring).apply(col(Documents.SOURCE), col(Documents.TEXT));
        Dataset<Row> searched = documents.withColumn(RESULT, when(isSearched, without));
        return REMOVED_LINES
                .count(searched, col(RESULT).getField(REMOVED))
                .withColumn(Documents.TEXT, coalesce(col(RESULT).getField(Documents.TEXT), col(Documents.TEXT)))
                .drop(RESULT);
    }

    /** The lines to remove by source; sources without any are left out. */
    private Map<Integer, Set<String>> recurringLines(Dataset<Row> documents) {
        Dataset<Row> texts = documents
                .where(col(Documents.TEXT).isNotNull().and(not(Documents.isSample(documents))))
                .select(Documents.SOURCE, Documents.TEXT)
                .distinct();
        Map<Integer, Long> sizes = new TreeMap<>();
        texts.groupBy(Documents.SOURCE)
                .agg(count(lit(1)))
                .collectAsList()
                .forEach(row -> sizes.put(row.getInt(0), row.getLong(1)));
        Dataset<Row> counts = texts.select(
                        col(Documents.SOURCE),
                        explode(array_distinct(split(col(Documents.TEXT), "\n")))
                                .as(LINE))
                .select(col(Documents.SOURCE), btrim(col(LINE)).as(LINE))
                .where(char_length(col(LINE)).geq(limits.minCharacters()))
                .groupBy(Documents.SOURCE, LINE)
                .agg(count(lit(1)).as(TEXTS));
        Map<Integer, Set<String>> recurring = new TreeMap<>();
        sizes.forEach((source, size) -> {
            double least = Math.max(limits.documents(), Math.nextUp(limits.share() * size));
            List<Row> lines = counts.where(col(Documents.SOURCE).equalTo(source))
                    .where(col(TEXTS).geq(least))
                    .select(LINE)
                    .limit(MOST_LINES + 1)
                    .collectAsList();
            requireFew(source, lines.size());
            lines.forEach(line ->
                    recurring.computeIfAbsent(source, key -> new HashSet<>()).add(line.getString(0)));
        });
        return recurring;
    }

    private static void requireFew(int source, int lines) {
        if (lines > MOST_LINES) {
            throw new StageFailure(
                    ExitCode.BAD_INPUT,
                    "more than " + MOST_LINES + " lines of corpus.sources." + source
                            + " recur: prepare.recurring-lines.share or documents is too small");
        }
    }

    // A search in a set of many lines is no column expression: texts of sources with boilerplate leave the GPU.
    private static UserDefinedFunction without(Dataset<Row> documents, Map<Integer, Set<String>> recurring) {
        Broadcast<Map<Integer, Set<String>>> shared = JavaSparkContext.fromSparkContext(
                        documents.sparkSession().sparkContext())
                .broadcast(recurring);
        UDF2<Integer, String, Row> without =
                (source, text) -> without(text, shared.value().getOrDefault(source, Set.of()));
        return udf(without, RESULT_TYPE).withName("without_recurring_lines");
    }

    private static Row without(String text, Set<String> lines) {
        StringBuilder out = new StringBuilder(text.length());
        int removed = 0;
        for (String line : text.split("\n", -1)) {
            if (lines.contains(line.strip())) {
                removed++;
            } else {
                out.append(line).append('\n');
            }
        }
        return RowFactory.create(out.toString().replaceAll("\n{3,}", "\n\n").strip(), removed);
    }
}
