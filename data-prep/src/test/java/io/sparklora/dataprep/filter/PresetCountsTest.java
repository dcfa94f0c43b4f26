package io.sparklora.dataprep.filter;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.sparklora.dataprep.PrepareSettings;
import io.sparklora.dataprep.step.Documents;
import io.sparklora.dataprep.step.Step;
import io.sparklora.pipeline.config.FiltersConfig;
import io.sparklora.pipeline.config.PrepareConfig.Preset;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.Test;

/** The counts in docs/presets.md are those of the golden data's documents. */
final class PresetCountsTest {
    private static final Path PAGE = Path.of(System.getProperty("project.root", ".."), "docs", "presets.md");

    @Test
    void thePageSaysHowManyDocumentsEachPresetKeeps() throws IOException {
        DatatroveGolden golden = DatatroveGolden.read();

        assertThat(Files.readString(PAGE))
                .contains(List.of(
                        row("715 beginnings of SPDX licence texts", golden.licences()),
                        row("300 docstrings of numpy", golden.docstrings())));
    }

    @Test
    void thePageSaysHowStrictTheRuleAboutLettersIs() throws IOException {
        long dropped = DatatroveGolden.read().licences().stream()
                .filter(line -> line.get("gopher_quality").asText().equals("gopher_below_alpha_threshold"))
                .count();

        assertThat(Files.readString(PAGE)).contains("of the 715 beginnings of SPDX licence texts " + dropped + " are");
    }

    private static String row(String what, List<JsonNode> documents) {
        List<String> texts =
                documents.stream().map(line -> line.get("text").asText()).toList();
        return Arrays.stream(Preset.values())
                .filter(preset -> preset != Preset.NONE)
                .map(preset -> String.valueOf(kept(preset, texts)))
                .collect(Collectors.joining(" | ", "| " + what + " | ", " |"));
    }

    private static long kept(Preset preset, List<String> texts) {
        FiltersConfig filters = PrepareSettings.with(
                        "preset=" + preset.name().toLowerCase(Locale.ROOT).replace('_', '-'))
                .filters();
        Dataset<Row> documents = TextRows.of(texts);
        for (Step step : List.of(
                new GopherRepetition(filters.gopherRepetition()),
                new GopherQuality(filters.gopherQuality()),
                new C4Quality(filters.c4Quality()),
                new FineWebQuality(filters.finewebQuality()))) {
            documents = step.isOn() ? step.apply(documents) : documents;
        }
        return documents.where(Documents.DROPPED + " is null").count();
    }
}
