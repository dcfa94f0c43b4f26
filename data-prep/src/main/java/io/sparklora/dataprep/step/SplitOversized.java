package io.sparklora.dataprep.step;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.char_length;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.posexplode;
import static org.apache.spark.sql.functions.udf;
import static org.apache.spark.sql.functions.when;

import io.sparklora.pipeline.config.PrepareConfig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.expressions.UserDefinedFunction;
import org.apache.spark.sql.types.DataTypes;

/**
 * Splits documents that are too long into parts of about the same length, each a document of its own from here on: its id
 * gets {@code ~part1} and so on. It stands after {@code privacy}, since a cut through a secret would hide it.
 */
public final class SplitOversized implements Step.OfDocument {
    private static final String NAME = "oversized";
    private static final TextChange SPLIT = new TextChange(NAME, "split-documents");
    private static final TextChange PARTS = new TextChange(NAME, "parts");
    private static final String PART = "part";
    private static final String IS_SPLIT = "is_split";
    private static final List<String> BREAKS = List.of("\n\n", "\n", " ");

    private final PrepareConfig.Length limits;

    /** @param limits of which the longest and what happens past it count here */
    public SplitOversized(PrepareConfig.Length limits) {
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
        return List.of(SPLIT, PARTS);
    }

    @Override
    public boolean isOn() {
        return limits.oversized() == PrepareConfig.Oversized.SPLIT;
    }

    @Override
    public Dataset<Row> apply(Dataset<Row> documents) {
        int longest = limits.maxCharacters();
        // Where to cut is no column expression: the documents that are too long, and only these, leave the GPU.
        UDF1<String, List<String>> cut = text -> parts(text, longest);
        UserDefinedFunction parts =
                udf(cut, DataTypes.createArrayType(DataTypes.StringType)).withName("cut_oversized");
        Column text = col(Documents.TEXT);
        // A part of a sample is no sample.
        Column isTooLong = char_length(text).gt(longest).and(not(Documents.isSample(documents)));
        Column partNumber = concat(lit("~part"), col(PART).plus(1).cast(DataTypes.StringType));
        String[] others = Arrays.stream(documents.columns())
                .filter(column -> !column.equals(Documents.TEXT))
                .toArray(String[]::new);
        List<Column> columns = new ArrayList<>();
        Arrays.stream(others).forEach(column -> columns.add(col(column)));
        columns.add(isTooLong.as(IS_SPLIT));
        columns.add(posexplode(when(isTooLong, parts.apply(text)).otherwise(array(text)))
                .as(new String[] {PART, Documents.TEXT}));
        Dataset<Row> split = documents
                .select(columns.toArray(Column[]::new))
                .withColumn(
                        Documents.ID,
                        when(col(IS_SPLIT), concat(col(Documents.ID), partNumber))
                                .otherwise(col(Documents.ID)));
        return counted(split).drop(PART, IS_SPLIT);
    }

    /** Leaves what was counted in a document with its first part, and counts documents and parts. */
    private static Dataset<Row> counted(Dataset<Row> split) {
        Column isFirst = col(PART).equalTo(0);
        Dataset<Row> counted = split;
        for (String column : split.columns()) {
            if (column.equals(Documents.FINDINGS) || TextChange.isColumn(column)) {
                counted = counted.withColumn(column, when(isFirst, col(column)));
            }
        }
        counted = SPLIT.count(counted, when(col(IS_SPLIT).and(isFirst), 1));
        return PARTS.count(counted, when(col(IS_SPLIT), 1));
    }

    /**
     * Cuts a text at the last blank line of each part's second half, else at the last line break, else at the last space,
     * else where it must.
     *
     * @param longest of a part, in code points
     */
    static List<String> parts(String text, int longest) {
        List<String> parts = new ArrayList<>();
        int start = 0;
        int left = text.codePointCount(0, text.length());
        while (left > longest) {
            int parcels = (left + longest - 1) / longest;
            int end = text.offsetByCodePoints(start, (left + parcels - 1) / parcels);
            int cut = cut(text, start, end);
            left -= text.codePointCount(start, cut);
            parts.add(text.substring(start, cut).strip());
            start = cut;
        }
        parts.add(text.substring(start).strip());
        return parts;
    }

    private static int cut(String text, int start, int end) {
        int middle = start + (end - start) / 2;
        for (String separator : BREAKS) {
            int cut = text.lastIndexOf(separator, end - separator.length());
            if (cut > middle) {
                return cut + separator.length();
            }
        }
        return end;
    }
}
