package io.sparklora.dataprep.filter;

import io.sparklora.dataprep.SharedSpark;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.StructType;

/** Texts as documents on their way through the steps. */
public final class TextRows {
    private static final StructType SCHEMA = StructType.fromDDL(
            "source int not null, file string, row bigint, document_id string, licence string, text string,"
                    + " dropped struct<step: string, reason: string, measured: double, threshold: double,"
                    + " survivor_id: string, found: string>");

    private TextRows() {}

    /** One document a text, its place among the texts in column {@code row}. */
    public static Dataset<Row> of(List<String> texts) {
        List<Row> rows = new ArrayList<>();
        for (String text : texts) {
            rows.add(RowFactory.create(0, "file", (long) rows.size(), "id" + rows.size(), "", text, null));
        }
        return SharedSpark.session().createDataFrame(rows, SCHEMA);
    }
}
