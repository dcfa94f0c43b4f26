package io.sparklora.dataprep.duplicate;

import static org.apache.spark.sql.functions.lit;
import static org.assertj.core.api.Assertions.assertThat;

import io.sparklora.dataprep.SharedSpark;
import io.sparklora.dataprep.step.Documents;
import io.sparklora.dataprep.step.DropReason;
import io.sparklora.pipeline.config.PrepareConfig;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;

final class RemoveRepeatedParagraphsTest {
    private static final StructType SCHEMA = StructType.fromDDL(
            "source int not null, file string, row bigint, document_id string, licence string, text string,"
                    + " dropped struct<step: string, reason: string, measured: double, threshold: double,"
                    + " survivor_id: string, found: string>");
    private static final PrepareConfig.Length LIMITS = new PrepareConfig.Length(12, 1000, PrepareConfig.Oversized.DROP);

    @Test
    void keepsARepeatedParagraphOnceInTheDocumentThatSurvives() {
        Dataset<Row> documents = documents(
                row("a", "the footer of all\n\nthe text of a"),
                row("b", "the text of b is longer\n\nthe footer of all\n\nthe footer of all\n\nand"),
                row("c", "short\n\nthe text of c\n\nshort"),
                row("d", "short\n\nthe footer of all"),
                row("e", "the footer of all"));

        List<Row> judged = step(3).apply(documents).orderBy(Documents.ID).collectAsList();

        assertThat(judged)
                .extracting(row -> row.<String>getAs(Documents.TEXT))
                .containsExactly(
                        "the text of a",
                        "the text of b is longer\n\nthe footer of all\n\nand",
                        "short\n\nthe text of c\n\nshort",
                        null,
                        null);
        assertThat(judged)
                .extracting(row -> row.<Integer>getAs("counted:paragraphs:removed-paragraphs"))
                .containsExactly(1, 1, null, null, null);
        assertThat(judged)
                .extracting(row -> String.valueOf(row.<Row>getAs(Documents.DROPPED)))
                .containsExactly(
                        "null",
                        "null",
                        "null",
                        "[paragraphs,repeated-paragraphs,5.0,12.0,null,null]",
                        "[paragraphs,repeated-paragraphs,0.0,12.0,null,null]");
    }

    @Test
    void leavesShorterParagraphsAndDocumentsThatWereShortAsTheyAre() {
        Dataset<Row> documents = documents(row("a", "one two\n\nx"), row("b", "one two"));

        assertThat(step(3).apply(documents).collectAsList())
                .allSatisfy(row -> assertThat(row.<Row>getAs(Documents.DROPPED)).isNull());
        assertThat(step(0).apply(documents)).isSameAs(documents);
        assertThat(step(0).reasons()).isEmpty();
        assertThat(step(1).reasons()).containsExactly(new DropReason("paragraphs", "repeated-paragraphs"));
    }

    private static RemoveRepeatedParagraphs step(int minWords) {
        return new RemoveRepeatedParagraphs(new PrepareConfig.RepeatedParagraphs(minWords), LIMITS);
    }

    private static Dataset<Row> documents(Row... rows) {
        return SharedSpark.session().createDataFrame(List.of(rows), SCHEMA).withColumn(Documents.WEIGHT, lit(1.0));
    }

    private static Row row(String id, String text) {
        return RowFactory.create(0, "file", 1L, id, "", text, null);
    }
}
