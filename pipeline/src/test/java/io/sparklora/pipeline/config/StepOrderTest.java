package io.sparklora.pipeline.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

final class StepOrderTest {
    private static final List<String> ALL = List.of(
            "recurring-lines",
            "length",
            "language",
            "gopher-repetition",
            "gopher-quality",
            "c4-quality",
            "fineweb-quality",
            "deduplicate",
            "split",
            "paragraphs",
            "decontaminate");
    private static final List<String> KEY = List.of("prepare");

    @Test
    void byDefaultTheStepsHaveTheOrderInWhichTheyAreDeclared() {
        assertThat(words(parse())).isEqualTo(ALL);
        assertThat(ordered(ALL).canonical(KEY)).isEqualTo(parse().canonical(KEY));
    }

    @ParameterizedTest
    @EnumSource(PrepareConfig.Preset.class)
    void noPresetChangesTheOrder(PrepareConfig.Preset preset) {
        assertThat(words(parse("prepare.preset=" + Keys.spelled(preset)))).isEqualTo(ALL);
    }

    @Test
    void takesAnyOrderThatBreaksNothingAsAnotherKeyOfTheDataset() {
        List<String> order = List.of(
                "gopher-quality",
                "language",
                "recurring-lines",
                "c4-quality",
                "deduplicate",
                "length",
                "split",
                "decontaminate",
                "paragraphs",
                "gopher-repetition",
                "fineweb-quality");

        assertThat(words(ordered(order))).isEqualTo(order);
        assertThat(ordered(order).canonical(KEY)).isNotEqualTo(parse().canonical(KEY));
    }

    @Test
    void refusesAStepThatIsUnknownOrHasItsPlace() {
        assertThatThrownBy(() -> ordered(List.of("length", "privacy")))
                .isInstanceOfSatisfying(
                        StageFailure.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.USAGE))
                .hasMessageStartingWith(
                        "prepare.order.1 must be one of " + String.join(", ", ALL) + " but was 'privacy' (");
    }

    @Test
    void refusesAStepThatIsNamedTwiceOrNotAtAll() {
        List<String> twice = new ArrayList<>(ALL);
        twice.set(ALL.indexOf("language"), "length");

        assertThatThrownBy(() -> ordered(twice))
                .hasMessageStartingWith("prepare order must name each of " + String.join(", ", ALL)
                        + " once, but names length twice, leaves out language (");
        assertThatThrownBy(() -> ordered(List.of()))
                .hasMessageContaining(" once, but leaves out recurring-lines, leaves out length, ");
    }

    @ParameterizedTest
    @CsvSource({
        "recurring-lines, length, would stay and be empty",
        "recurring-lines, deduplicate, would both stay",
        "c4-quality, deduplicate, would both stay",
        "deduplicate, split, on both sides of the split",
        "split, paragraphs, must not change with what others hold",
        "split, decontaminate, only training documents are dropped"
    })
    void refusesAStepBeforeOneThatItBuildsOn(String first, String second, String reason) {
        List<String> order = new ArrayList<>(ALL);
        order.remove(second);
        order.add(order.indexOf(first), second);

        assertThatThrownBy(() -> ordered(order))
                .hasMessageStartingWith(
                        "prepare order must have " + first + " before " + second + ", but has " + second + " first: ")
                .hasMessageContaining(reason);
    }

    private static ConfigFile parse(String... overrides) {
        return ConfigFile.parse("""
                name: legal
                base: {model: m.gguf}
                corpus: {sources: [{format: json, path: "c/*.json"}]}
                """, "legal.yaml", List.of(overrides));
    }

    private static ConfigFile ordered(List<String> order) {
        return parse("prepare.order=[" + String.join(", ", order) + "]");
    }

    private static List<String> words(ConfigFile file) {
        return file.config().prepare().order().stream().map(MovableStep::word).toList();
    }
}
