package io.sparklora.training.evaluation;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparklora.pipeline.adapter.EvaluationManifest.Champion;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class VerdictTest {
    private static final Optional<Champion> NONE = Optional.empty();

    @Test
    void passesAnAdapterBetterThanTheBaseWhereThereIsNoChampion() {
        assertThat(new Verdict(2.5, 2.4, NONE, 0).passed()).isTrue();
        assertThat(new Verdict(2.5, 2.6, NONE, 0).passed()).isFalse();
    }

    @Test
    void refusesAnAdapterThatIsOnlyAsGood() {
        assertThat(new Verdict(2.5, 2.5, NONE, 0).passed()).isFalse();
    }

    @Test
    void comparesWithTheChampionAndNotTheBase() {
        Optional<Champion> champion = Optional.of(new Champion("v3", 2.25));

        assertThat(new Verdict(2.5, 2.375, champion, 0).passed()).isFalse();
        assertThat(new Verdict(2.0, 2.125, champion, 0).passed()).isTrue();
    }

    @Test
    void asksForMoreThanTheMargin() {
        assertThat(new Verdict(2.5, 2.25, NONE, 0.25).passed()).isFalse();
        assertThat(new Verdict(2.5, 2.25, NONE, 0.125).passed()).isTrue();
    }

    @Test
    void neverPassesALossThatIsNoNumber() {
        assertThat(new Verdict(2.5, Double.NaN, NONE, 0).passed()).isFalse();
    }

    @Test
    void saysInOneLineWhatWasMissing() {
        assertThat(new Verdict(3, 2.5, Optional.of(new Champion("v3", 2.25)), 0.125).refusal())
                .isEqualTo(
                        "the adapter did not pass the gate: its held-out loss 2.500000 must be lower than the champion"
                                + " v3's 2.250000 by more than 0.125 (evaluate.gate.min-improvement) but is lower by -0.250000");
    }

    @Test
    void showsPerplexitiesOnTheClosingScreen() {
        assertThat(new Verdict(Math.log(17.6), Math.log(9.93), NONE, 0).outcome())
                .isEqualTo("base 17.6 -> adapter 9.9");
        assertThat(new Verdict(Math.log(17.6), Math.log(9.93), Optional.of(new Champion("v3", Math.log(10.4))), 0)
                        .outcome())
                .isEqualTo("base 17.6 -> adapter 9.9, champion v3 10.4");
        assertThat(new Verdict(Math.log(17.6), Math.log(9.93), Optional.of(new Champion("v3", Math.log(9.82))), 0)
                        .outcome())
                .isEqualTo("base 17.6 -> adapter 9.9, champion v3 9.8, rejected");
    }
}
