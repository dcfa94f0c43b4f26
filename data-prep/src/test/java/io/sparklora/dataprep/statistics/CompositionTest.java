package io.sparklora.dataprep.statistics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparklora.dataprep.CorpusDirectory;
import io.sparklora.dataprep.SharedSpark;
import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.config.SourceConfig.Format;
import io.sparklora.pipeline.dataset.DatasetManifest.SourceFigures;
import io.sparklora.pipeline.dataset.DatasetStatistics.Share;
import io.sparklora.pipeline.dataset.DatasetStatistics.SourceStatistics;
import java.nio.file.Path;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class CompositionTest {
    private static Dataset<Row> tokens(String rows) {
        return SharedSpark.session()
                .sql("select * from values " + rows + " as documents(copy, source, language, licence, tokens)");
    }

    @Test
    void countsDocumentsAndTokensByWhatTheyHaveInCommon() {
        Composition composition = Composition.of(
                tokens("(0, 0, 'eng', 'MIT', array(1, 2)), (0, 0, 'eng', '', array(1)),"
                        + " (0, 2, 'deu', 'MIT', array(1, 2)), (1, 2, 'deu', 'MIT', array(1, 2)),"
                        + " (0, 2, 'fra', 'CC0-1.0', array(1))"),
                3);

        assertThat(composition.sources()).containsExactly(new Share("2", 2, 5), new Share("0", 2, 3));
        assertThat(composition.languages())
                .containsExactly(new Share("deu", 1, 4), new Share("eng", 2, 3), new Share("fra", 1, 1));
        assertThat(composition.licences())
                .containsExactly(new Share("MIT", 2, 6), new Share("", 1, 1), new Share("CC0-1.0", 1, 1));
    }

    @Test
    void namesEverySourceWithWhatWasReadOfIt(@TempDir Path directory) {
        CorpusDirectory files = new CorpusDirectory(directory);
        Composition composition = Composition.of(tokens("(0, 1, cast(null as string), '', array(1, 2))"), 2);

        assertThat(composition.languages()).isEmpty();
        assertThat(composition.sources(
                        List.of(files.source(Format.JSON, "a.json"), files.source(Format.JSON, "b.json")),
                        List.of(new SourceFigures(0, 3, 0, 0, 0), new SourceFigures(1, 2, 1, 0, 1))))
                .containsExactly(
                        new SourceStatistics(0, directory + "/a.json", 3, 0, 0),
                        new SourceStatistics(1, directory + "/b.json", 2, 1, 2));
    }

    @Test
    void refusesMoreLicencesThanThereAre() {
        Dataset<Row> tokens = SharedSpark.session()
                .range(10_001)
                .selectExpr(
                        "0 copy", "0 source", "'eng' language", "concat('licence ', id) licence", "array(1) tokens");

        assertThatThrownBy(() -> Composition.of(tokens, 1))
                .isInstanceOfSatisfying(
                        StageFailure.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.BAD_INPUT))
                .hasMessage(
                        "corpus.sources.N.licence-column holds more than 10000 different values: is it the licence?");
        assertThat(Composition.of(tokens.where("licence <> 'licence 7'"), 1).licences())
                .hasSize(10_000);
    }
}
