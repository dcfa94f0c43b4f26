package io.sparklora.training.optimizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class GradientClipTest {
    @Test
    void scalesALongGradientToTheMaximum() {
        float[] gradient = {3, 4};
        assertThat(new GradientClip(1).clip(gradient)).isEqualTo(5);
        assertThat(gradient[0]).isCloseTo((float) (3 / (5 + 1e-6)), within(1e-7f));
        assertThat(gradient[1]).isCloseTo((float) (4 / (5 + 1e-6)), within(1e-7f));
    }

    @Test
    void leavesAShortGradientAlone() {
        float[] gradient = {0.3f, 0.4f};
        assertThat(new GradientClip(1).clip(gradient)).isCloseTo(0.5, within(1e-7));
        assertThat(gradient).containsExactly(0.3f, 0.4f);
    }

    @Test
    void neverClipsWithAMaximumOfZero() {
        float[] gradient = {300, 400};
        assertThat(new GradientClip(0).clip(gradient)).isEqualTo(500);
        assertThat(gradient).containsExactly(300, 400);
    }

    @Test
    void refusesAMaximumThatIsNoNumber() {
        assertThatThrownBy(() -> new GradientClip(Double.NaN)).hasMessageContaining("NaN");
    }
}
