package io.sparklora.dataprep.filter;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparklora.dataprep.PrepareSettings;
import io.sparklora.dataprep.step.Documents;
import io.sparklora.dataprep.step.Step;
import io.sparklora.dataprep.step.TextChange;
import java.util.List;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.Test;

final class C4QualityTest {
    @Test
    void countsTheLinesThatItTakesOutOfTheDocumentsItKeeps() {
        Step step = new C4Quality(PrepareSettings.with("filters.c4-quality={enabled: true, min-sentences: 0}")
                .filters()
                .c4Quality());

        List<Row> documents = step.apply(TextRows.of(List.of(
                        "This line is a sentence.\n\nmenu\n \nHome and contact\nAnother one ends here.",
                        "Nothing is taken out of this.",
                        "menu\nLorem ipsum dolor sit amet.")))
                .orderBy(Documents.ROW)
                .collectAsList();

        assertThat(step.changes()).containsExactly(new TextChange("c4-quality", "removed-lines"));
        assertThat(documents)
                .extracting(row -> row.<Integer>getAs("counted:c4-quality:removed-lines"))
                .containsExactly(2, 0, null);
        assertThat(documents)
                .extracting(row -> row.<String>getAs(Documents.TEXT))
                .containsExactly(
                        "This line is a sentence.\nAnother one ends here.", "Nothing is taken out of this.", null);
    }
}
