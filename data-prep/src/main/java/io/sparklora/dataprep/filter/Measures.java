package io.sparklora.dataprep.filter;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.get;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.udf;
import static org.apache.spark.sql.functions.when;

import io.sparklora.dataprep.step.Documents;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.expressions.UserDefinedFunction;
import org.apache.spark.sql.types.DataTypes;
import org.jspecify.annotations.Nullable;

/**
 * What a filter measures of each text, all of it in one function: column expressions over arrays of lines are interpreted
 * line by line, and words need Unicode's categories, which no expression knows. The texts leave the GPU here.
 */
final class Measures {
    private static final String MEASURES = "measures";

    private final UserDefinedFunction function;

    /**
     * @param name of the function in plans
     * @param measure the figures of a text in their places; null for one that the text does not have
     */
    Measures(String name, UDF1<String, @Nullable Double[]> measure) {
        this.function = udf(measure, DataTypes.createArrayType(DataTypes.DoubleType, true))
                .withName(name);
    }

    /** Adds the figures of the documents that were not dropped. */
    Dataset<Row> measure(Dataset<Row> documents) {
        Column text = col(Documents.TEXT);
        return documents.withColumn(MEASURES, when(text.isNotNull(), function.apply(text)));
    }

    /** A figure of what {@link #measure} gave, by its place. */
    static Column at(int place) {
        return get(col(MEASURES), lit(place));
    }

    /** Takes the figures off. */
    static Dataset<Row> drop(Dataset<Row> documents) {
        return documents.drop(MEASURES);
    }

    /** A part of a whole; null where there is no whole. */
    static @Nullable Double ratio(long part, long whole) {
        return whole == 0 ? null : (double) part / whole;
    }
}
