package io.sparklora.dataprep.step;

import static org.apache.spark.sql.functions.col;

import java.util.Arrays;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;

/**
 * Something that a step does to texts, counted. How often it was done to a document stands in a column of the document's
 * row, and the columns are summed with the funnel: the figure is exact however often Spark computes a row.
 *
 * @param step the step's name, such as {@code normalise}
 * @param word what is counted, such as {@code changed-documents}
 */
public record TextChange(String step, String word) {
    private static final String PREFIX = "counted:";

    /** The column that counts it: int, null for none. */
    public Column column() {
        return col(name());
    }

    private String name() {
        return PREFIX + step + ":" + word;
    }

    /** Whether any is counted in these documents: not by a step that found nothing to do. */
    public boolean isIn(Dataset<Row> documents) {
        return Arrays.asList(documents.columns()).contains(name());
    }

    /** Whether a column counts a change. */
    static boolean isColumn(String name) {
        return name.startsWith(PREFIX);
    }

    /** Adds the column. */
    public Dataset<Row> count(Dataset<Row> documents, Column times) {
        return documents.withColumn(name(), times.cast(DataTypes.IntegerType));
    }
}
