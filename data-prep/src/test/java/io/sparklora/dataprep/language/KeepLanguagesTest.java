package io.sparklora.dataprep.language;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparklora.dataprep.filter.TextRows;
import io.sparklora.dataprep.step.Documents;
import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.config.LanguageConfig;
import java.util.List;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.Test;

final class KeepLanguagesTest {
    private static final List<String> TEXTS = List.of(
            "The licensee may copy and distribute the work in any medium, provided that this notice is kept intact.",
            "Le titulaire peut copier et distribuer l'œuvre sur tout support, à condition que cet avis soit conservé.",
            "Der Lizenznehmer darf das Werk in jedem Medium vervielfältigen, solange dieser Hinweis erhalten bleibt.",
            "12 34 56 78 90 -- 11 22 33");

    @Test
    void keepsTheLanguagesAskedForAndSaysWhatItFound() {
        List<Row> rows = apply(new LanguageConfig(true, List.of("eng", "deu"), 0));

        assertThat(rows)
                .extracting(row -> row.<String>getAs(Documents.LANGUAGE))
                .startsWith("eng", "fra", "deu");
        assertThat(reasons(rows)).startsWith("kept", "other-language", "kept").endsWith("other-language");
    }

    @Test
    void dropsWhatItIsNotSureOfWithConfidenceAndThreshold() {
        List<Row> rows = apply(new LanguageConfig(true, List.of(), 0.05));

        assertThat(reasons(rows)).containsExactly("kept", "kept", "kept", "unsure-language");
        Row dropped = rows.get(3).getAs(Documents.DROPPED);
        assertThat(dropped.<Double>getAs("measured")).isBetween(0.0, 0.05);
        assertThat(dropped.<Double>getAs("threshold")).isEqualTo(0.05);
    }

    @Test
    void refusesALanguageThatIsNeverFound() {
        assertThatThrownBy(() -> new KeepLanguages(new LanguageConfig(true, List.of("eng", "xyz"), 0)))
                .isInstanceOfSatisfying(
                        StageFailure.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.USAGE))
                .hasMessageStartingWith("prepare.language.keep must name languages that can be identified, but held"
                        + " 'xyz'; allowed are afr, ara, ast, ");
    }

    private static List<Row> apply(LanguageConfig config) {
        return new KeepLanguages(config)
                .apply(TextRows.of(TEXTS))
                .orderBy(Documents.ROW)
                .collectAsList();
    }

    private static List<String> reasons(List<Row> rows) {
        return rows.stream()
                .map(row -> row.<Row>getAs(Documents.DROPPED))
                .map(dropped -> dropped == null ? "kept" : dropped.<String>getAs("reason"))
                .toList();
    }
}
