package io.sparklora.dataprep.sample;

import static org.apache.spark.sql.functions.udf;

import io.sparklora.pipeline.config.SourceConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import scala.collection.Seq;
import scala.jdk.javaapi.CollectionConverters;

/** The columns of a source that make a sample, and the sample that they make. */
public final class Samples {
    /** Fields of {@link #column}. */
    public static final String TEXT = "text";

    public static final String STRUCTURE = "structure";

    private static final StructType SCHEMA =
            new StructType().add(TEXT, DataTypes.StringType).add(STRUCTURE, DataTypes.StringType);

    private Samples() {}

    /** A document's text, or its start, as a person reads it: a blank line between what was said in a sample. */
    public static String readable(String text) {
        return text.replace(SampleTexts.SEPARATOR, "\n\n");
    }

    /** The columns that {@link #column} takes, in its order; an empty name stands for a column that is not there. */
    public static List<String> columns(SourceConfig source) {
        return switch (source.kind()) {
            case TEXT -> List.of();
            case INSTRUCTION -> {
                List<String> columns = new ArrayList<>(source.prompt());
                columns.add(source.completion());
                yield columns;
            }
            case CHAT -> List.of(source.messages(), source.tools());
        };
    }

    /** The column without which there is no sample. */
    public static String required(SourceConfig source) {
        return source.kind() == SourceConfig.Kind.CHAT ? source.messages() : source.completion();
    }

    /**
     * A structure ({@link #STRUCTURE}) with every string replaced that is in it: names, ids, the tools' definitions and
     * the keys of objects, but not what was said, nor roles.
     */
    public static String replaced(String structure, UnaryOperator<String> replacement) {
        return SampleTexts.replaced(structure, replacement);
    }

    /**
     * A struct of what was said and the structure it was said in; null where the row holds no sample.
     *
     * @param values array of string, in the order of {@link #columns}, a structured one as JSON
     */
    public static Column column(SourceConfig.Kind kind, Column values) {
        // JSON with any fields is no column expression; samples leave the GPU here.
        UDF1<Seq<String>, Row> read = row -> {
            Optional<SampleTexts> sample = SampleReader.read(kind, CollectionConverters.asJava(row));
            return sample.map(texts -> RowFactory.create(texts.text(), texts.structure()))
                    .orElse(null);
        };
        return udf(read, SCHEMA).withName("read_sample").asNondeterministic().apply(values);
    }
}
