package io.sparklora.dataprep.language;

import static org.apache.spark.sql.functions.lit;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparklora.dataprep.CorpusDirectory;
import io.sparklora.dataprep.filter.TextRows;
import io.sparklora.dataprep.step.Documents;
import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.config.LanguageConfig;
import io.sparklora.pipeline.config.SourceConfig;
import io.sparklora.pipeline.config.SourceConfig.Format;
import io.sparklora.pipeline.config.SourceConfig.TextUnit;
import java.util.List;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class KeepLanguagesTest {
    private static final List<String> TEXTS = List.of(
            "The licensee may copy and distribute the work in any medium, provided that this notice is kept intact.",
            "Le titulaire peut copier et distribuer l'œuvre sur tout support, à condition que cet avis soit conservé.",
            "Der Lizenznehmer darf das Werk in jedem Medium vervielfältigen, solange dieser Hinweis erhalten bleibt.",
            "12 34 56 78 90 -- 11 22 33");

    @Test
    void keepsTheLanguagesAskedForAndSaysWhatItFound() {
        List<Row> rows = apply(new LanguageConfig(true, List.of("eng", "deu"), 0));

        assertThat(languages(rows)).startsWith("eng", "fra", "deu");
        assertThat(reasons(rows)).startsWith("kept", "other-language", "kept").endsWith("other-language");
        Row dropped = rows.get(1).getAs(Documents.DROPPED);
        assertThat(dropped.<String>getAs("found")).isEqualTo("fra");
        assertThat(dropped.<Double>getAs("measured")).isBetween(0.05, 1.0);
        assertThat(dropped.<Double>getAs("threshold")).isNull();
    }

    @Test
    void dropsWhatItIsNotSureOfWithConfidenceAndThreshold() {
        List<Row> rows = apply(new LanguageConfig(true, List.of(), 0.05));

        assertThat(reasons(rows)).containsExactly("kept", "kept", "kept", "unsure-language");
        Row dropped = rows.get(3).getAs(Documents.DROPPED);
        assertThat(dropped.<String>getAs("found")).isEqualTo(languages(rows).get(3));
        assertThat(dropped.<Double>getAs("measured")).isBetween(0.0, 0.05);
        assertThat(dropped.<Double>getAs("threshold")).isEqualTo(0.05);
    }

    @Test
    void refusesALanguageThatIsNeverFound() {
        assertThatThrownBy(() -> new KeepLanguages(new LanguageConfig(true, List.of("eng", "xyz"), 0), List.of()))
                .isInstanceOfSatisfying(
                        StageFailure.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.USAGE))
                .hasMessageStartingWith("prepare.language.keep must name languages that can be identified, but held"
                        + " 'xyz'; allowed are afr, ara, ast, ");
    }

    @Test
    void believesTheSourceWhereTheIdentifiedLanguageIsNotSure() {
        List<Row> rows = apply(new LanguageConfig(true, List.of("eng", "por"), 0.05), "por");

        assertThat(languages(rows)).containsExactly("eng", "fra", "deu", "por");
        assertThat(reasons(rows)).containsExactly("kept", "other-language", "other-language", "kept");
        Row dropped = apply(new LanguageConfig(true, List.of("eng"), 0.05), "por")
                .get(3)
                .getAs(Documents.DROPPED);
        assertThat(dropped.<String>getAs("found")).isEqualTo("por");
        assertThat(dropped.<Double>getAs("measured")).isBetween(0.0, 0.05);
        assertThat(dropped.<Double>getAs("threshold")).isEqualTo(0.05);
    }

    @Test
    void believesTheSourceWhereLanguagesAreNotIdentified() {
        LanguageConfig keepsGerman = new LanguageConfig(false, List.of("deu"), 0.05);

        assertThat(languages(apply(keepsGerman, "eng"))).containsOnly("eng");
        assertThat(reasons(apply(keepsGerman, "eng"))).containsOnly("other-language");
        assertThat(apply(keepsGerman, "eng")
                        .get(0)
                        .<Row>getAs(Documents.DROPPED)
                        .toString())
                .isEqualTo("[language,other-language,null,null,null,eng]");
        assertThat(reasons(apply(keepsGerman, "deu"))).containsOnly("kept");
        assertThat(languages(apply(keepsGerman, ""))).containsOnly("");
        assertThat(reasons(apply(keepsGerman, ""))).containsOnly("kept");
    }

    @Test
    void isOnWhereLanguagesAreIdentifiedOrDeclared() {
        LanguageConfig off = new LanguageConfig(false, List.of(), 0);
        SourceConfig silent = source("");

        assertThat(new KeepLanguages(off, List.of(silent)).isOn()).isFalse();
        assertThat(new KeepLanguages(off, List.of(silent, source("de"))).isOn()).isTrue();
        assertThat(new KeepLanguages(off, List.of(source("de"))).reasons()).isEmpty();
        assertThat(new KeepLanguages(new LanguageConfig(true, List.of(), 0), List.of(silent)).isOn())
                .isTrue();
    }

    @ParameterizedTest
    @CsvSource({"en, eng", "pt-BR, por", "deu, deu", "zh-Hant-TW, cmn", "zh-yue, yue", "nb, nob", "no, nob", "'', ''"})
    void namesADeclaredLanguageAsItWouldIdentifyIt(String tag, String code) {
        assertThat(DeclaredLanguage.code(source(tag))).isEqualTo(code);
    }

    private static SourceConfig source(String language) {
        return CorpusDirectory.source(
                Format.TEXT,
                "a.txt",
                "",
                List.of("text"),
                List.of(),
                "",
                "",
                TextUnit.FILE,
                1,
                language,
                CorpusDirectory.EVER);
    }

    private static List<Row> apply(LanguageConfig config) {
        return apply(config, "");
    }

    private static List<Row> apply(LanguageConfig config, String declared) {
        return new KeepLanguages(config, List.of())
                .apply(TextRows.of(TEXTS).withColumn(Documents.SOURCE_LANGUAGE, lit(declared)))
                .orderBy(Documents.ROW)
                .collectAsList();
    }

    private static List<String> languages(List<Row> rows) {
        return rows.stream().map(row -> row.<String>getAs(Documents.LANGUAGE)).toList();
    }

    private static List<String> reasons(List<Row> rows) {
        return rows.stream()
                .map(row -> row.<Row>getAs(Documents.DROPPED))
                .map(dropped -> dropped == null ? "kept" : dropped.<String>getAs("reason"))
                .toList();
    }
}
