package io.sparklora.pipeline.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparklora.pipeline.StageFailure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class PresetsTest {
    private static final Path PAGE = Path.of(System.getProperty("project.root", ".."), "docs", "presets.md");
    private static final Pattern CODE = Pattern.compile("`([^`]+)`");
    private static final String SMALLEST = """
            name: legal
            base: {model: m.gguf}
            corpus:
              sources:
                - {format: json, path: "c/*.json"}
            """;

    @Test
    void withoutAPresetEveryFilterIsOff() {
        PrepareConfig prepare = prepare(SMALLEST);

        assertThat(prepare.preset()).isEqualTo(PrepareConfig.Preset.NONE);
        assertThat(isAnythingOn(prepare)).isFalse();
        assertThat(prepare).isEqualTo(prepare(SMALLEST + "prepare: {preset: none}"));
    }

    @ParameterizedTest
    @EnumSource(value = PrepareConfig.Preset.class, names = "NONE", mode = EnumSource.Mode.EXCLUDE)
    void everyPresetIsAValidConfigurationAndSwitchesFiltersOn(PrepareConfig.Preset preset) {
        PrepareConfig prepare = prepare(SMALLEST + "prepare: {preset: " + Keys.spelled(preset) + "}");

        assertThat(prepare.preset()).isEqualTo(preset);
        assertThat(isAnythingOn(prepare)).isTrue();
        assertThat(prepare.split()).isEqualTo(prepare(SMALLEST).split());
    }

    @ParameterizedTest
    @EnumSource(PrepareConfig.Preset.class)
    void thePageSaysWhatAPresetBindsTo(PrepareConfig.Preset preset) throws IOException {
        String name = Keys.spelled(preset);
        String[] cells = Files.readAllLines(PAGE).stream()
                .filter(line -> line.startsWith("| `" + name + "` |"))
                .findFirst()
                .orElseThrow()
                .split("\\|", -1);
        List<String> departures = found(CODE, cells[3]).stream()
                .map(key -> key.replaceFirst(": ", "="))
                .toList();
        List<String> keys = new ArrayList<>(departures);
        found(CODE, cells[2]).forEach(filter -> keys.add(filter + ".enabled=true"));

        assertThat(canonical(keys)).isEqualTo(canonical(List.of("preset=" + name)));
        assertThat(keys).allSatisfy(key -> assertThat(canonical(without(keys, key)))
                .as("without %s", key)
                .isNotEqualTo(canonical(keys)));
    }

    @Test
    void whatIsWrittenWinsOverThePresetKeyByKey() {
        PrepareConfig prepare = prepare(SMALLEST + """
                        prepare:
                          preset: web
                          language: {keep: [deu]}
                          filters: {gopher-quality: {min-words: 30}, fineweb-quality: {enabled: false}}
                        """, "prepare.filters.c4-quality.end-punctuation=true");

        assertThat(prepare.language()).isEqualTo(new LanguageConfig(true, List.of("deu"), 0.3));
        assertThat(prepare.filters().gopherQuality().enabled()).isTrue();
        assertThat(prepare.filters().gopherQuality().minWords()).isEqualTo(30);
        assertThat(prepare.filters().gopherRepetition().enabled()).isTrue();
        assertThat(prepare.filters().finewebQuality().enabled()).isFalse();
        assertThat(prepare.filters().c4Quality().enabled()).isTrue();
        assertThat(prepare.filters().c4Quality().endPunctuation()).isTrue();
    }

    @Test
    void aPresetCanBeSetOnTheCommandLine() {
        assertThat(prepare(SMALLEST, "prepare.preset=books").length().minCharacters())
                .isEqualTo(1000);
    }

    @Test
    void refusesAPresetThatIsNotThere() {
        assertThatThrownBy(() -> prepare(SMALLEST + "prepare: {preset: poems}"))
                .isInstanceOf(StageFailure.class)
                .hasMessageContaining("prepare.preset must be one of none, web, books, code-docs, legal, chat")
                .hasMessageContaining("poems");
    }

    @Test
    void refusesFilterThresholdsThatAreOutOfRangeOrContradictory() {
        assertThatThrownBy(() -> prepare(SMALLEST + """
                                prepare:
                                  language: {keep: [english]}
                                  filters:
                                    gopher-repetition: {top-ngrams: [0.2, 5, 0.1], duplicate-ngrams: [0.1]}
                                    gopher-quality: {min-words: 10, max-words: 5}
                                    c4-quality: {min-line-words: two}
                                """))
                .hasMessageContaining("prepare.language.keep.0 must match [a-z]{3} but was 'english'")
                .hasMessageContaining("prepare.filters.gopher-repetition.top-ngrams.1 must be in [0, 4] but was 5")
                .hasMessageContaining("prepare.filters.gopher-quality min-words 10 must not exceed max-words 5")
                .hasMessageContaining("prepare.filters.c4-quality.min-line-words must be an integer");
        assertThatThrownBy(() ->
                        prepare(SMALLEST + "prepare: {filters: {gopher-repetition: {duplicate-ngrams: [0.1, 0.2]}}}"))
                .hasMessageContaining("duplicate-ngrams 6 (for 5 to 10 words), but were 3 and 2");
        assertThatThrownBy(() -> prepare(SMALLEST
                        + "prepare: {filters: {gopher-quality: {stop-words: [der, die, der], min-stop-words: 3}}}"))
                .hasMessageContaining("min-stop-words 3 must not exceed the 2 stop-words");
    }

    /** The keys below prepare with their values, but for the preset's name. */
    private static String canonical(List<String> keys) {
        List<String> overrides = keys.stream().map("prepare."::concat).toList();
        return ConfigFile.parse(SMALLEST, "legal.yaml", overrides)
                .canonical(List.of("prepare"))
                .replaceFirst("\"preset\":\"[a-z-]+\"", "");
    }

    private static List<String> without(List<String> keys, String key) {
        return keys.stream().filter(other -> !other.equals(key)).toList();
    }

    private static List<String> found(Pattern pattern, String cell) {
        return pattern.matcher(cell)
                .results()
                .map((MatchResult match) -> match.group(1))
                .toList();
    }

    private static boolean isAnythingOn(PrepareConfig prepare) {
        FiltersConfig filters = prepare.filters();
        return prepare.language().enabled()
                || filters.gopherRepetition().enabled()
                || filters.gopherQuality().enabled()
                || filters.c4Quality().enabled()
                || filters.finewebQuality().enabled();
    }

    private static PrepareConfig prepare(String text, String... overrides) {
        return ConfigFile.parse(text, "legal.yaml", List.of(overrides)).config().prepare();
    }
}
