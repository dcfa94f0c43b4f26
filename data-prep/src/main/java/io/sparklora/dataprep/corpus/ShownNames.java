package io.sparklora.dataprep.corpus;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.udf;

import io.sparklora.dataprep.step.Documents;
import io.sparklora.pipeline.dataset.CorpusFiles;
import java.io.Serializable;
import java.util.HashMap;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.types.DataTypes;

/**
 * What the files of a source are called in everything that prepare writes, where that is not their name.
 *
 * @param others by the file's name
 */
record ShownNames(Map<String, String> others) implements Serializable {
    /** Every file by its own name. */
    static final ShownNames OWN = new ShownNames(Map.of());

    /** Copies the map. */
    ShownNames {
        others = Map.copyOf(others);
    }

    /**
     * Gives files other names. Of files that would share one, the second in the order of their own names gets
     * {@code ~2}, and so on: a document's place still says which file it is in.
     */
    static ShownNames of(CorpusFiles files, UnaryOperator<String> names) {
        Map<String, String> others = new HashMap<>();
        Map<String, Integer> sharing = new HashMap<>();
        for (CorpusFiles.File file : files.files()) {
            String other = names.apply(file.name());
            if (!other.equals(file.name())) {
                int number = sharing.merge(other, 1, Integer::sum);
                others.put(file.name(), number == 1 ? other : other + "~" + number);
            }
        }
        return new ShownNames(others);
    }

    /** A file as it is shown. */
    String of(String name) {
        return others.getOrDefault(name, name);
    }

    /** Rows with {@link Documents#FILE} as it is shown. */
    Dataset<Row> in(Dataset<Row> rows) {
        if (others.isEmpty()) {
            return rows;
        }
        Broadcast<ShownNames> shared = JavaSparkContext.fromSparkContext(
                        rows.sparkSession().sparkContext())
                .broadcast(this);
        // A plan may be logged: the names are in a broadcast value and no literals.
        UDF1<String, String> shown = name -> shared.value().of(name);
        return rows.withColumn(
                Documents.FILE,
                udf(shown, DataTypes.StringType).withName("shown_name").apply(col(Documents.FILE)));
    }
}
