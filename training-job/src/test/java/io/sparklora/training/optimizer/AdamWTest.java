package io.sparklora.training.optimizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class AdamWTest {
    @Test
    void followsThePaperInDoublePrecision() {
        Random random = new Random(5);
        int n = 1000;
        float[] theta = new float[n];
        double[] p = new double[n];
        double[] m = new double[n];
        double[] v = new double[n];
        for (int i = 0; i < n; i++) {
            theta[i] = (float) random.nextGaussian();
            p[i] = theta[i];
        }
        AdamW optimizer = new AdamW(n, 0.1);
        for (int t = 1; t <= 50; t++) {
            float[] gradient = new float[n];
            double rate = 1e-2 / t;
            for (int i = 0; i < n; i++) {
                gradient[i] = (float) (random.nextGaussian() * Math.pow(10, -(i % 8)));
                double g = gradient[i];
                m[i] = 0.9 * m[i] + 0.1 * g;
                v[i] = 0.999 * v[i] + 0.001 * g * g;
                double mHat = m[i] / (1 - Math.pow(0.9, t));
                double vHat = v[i] / (1 - Math.pow(0.999, t));
                p[i] = p[i] - rate * 0.1 * p[i] - rate * mHat / (Math.sqrt(vHat) + 1e-8);
            }
            optimizer.step(theta, gradient, rate);
        }
        for (int i = 0; i < n; i++) {
            assertThat((double) theta[i]).isCloseTo(p[i], within(5e-6));
        }
        assertThat(optimizer.updates()).isEqualTo(50);
    }

    @Test
    void movesByTheLearningRateOnTheFirstStepWhateverTheGradient() {
        float[] theta = {0, 0, 0};
        new AdamW(3, 0).step(theta, new float[] {1e-3f, -5, 0}, 0.01);
        assertThat(theta[0]).isCloseTo(-0.01f, within(1e-6f));
        assertThat(theta[1]).isCloseTo(0.01f, within(1e-6f));
        assertThat(theta[2]).isZero();
    }

    /** As two of torch's parameter groups: step and decay both follow the group's rate. */
    @Test
    void aGroupHasARateOfItsOwn() {
        float[] theta = {1, 1, 1};
        List<ParameterGroup> groups =
                List.of(new ParameterGroup(0, 1, 1), new ParameterGroup(1, 2, 16), new ParameterGroup(2, 3, 1));
        float[] one = {1};
        float[] other = {1};
        AdamW optimizer = new AdamW(new float[3], new float[3], 0, 0.1, groups);
        AdamW slow = new AdamW(1, 0.1);
        AdamW fast = new AdamW(1, 0.1);
        for (int t = 0; t < 5; t++) {
            float g = 0.3f * t - 0.5f;
            optimizer.step(theta, new float[] {g, g, g}, 0.01);
            slow.step(one, new float[] {g}, 0.01);
            fast.step(other, new float[] {g}, 0.16);
        }
        assertThat(theta).containsExactly(one[0], other[0], one[0]);
        assertThatThrownBy(() -> new AdamW(new float[3], new float[3], 0, 0, groups.subList(0, 2)))
                .hasMessageContaining("3 parameters in groups");
    }

    @Test
    void aGroupMayDecayLessOrNotAtAll() {
        float[] theta = {1, 1};
        List<ParameterGroup> groups = List.of(new ParameterGroup(0, 1, 1, 1), new ParameterGroup(1, 2, 1, 0));

        new AdamW(new float[2], new float[2], 0, 0.5, groups).step(theta, new float[2], 0.1);

        assertThat(theta).containsExactly(0.95f, 1);
    }

    @Test
    void continuesFromItsSavedState() {
        Random random = new Random(1);
        float[] straight = {1, 2};
        float[] resumed = {1, 2};
        AdamW one = new AdamW(2, 0.01);
        AdamW other = new AdamW(2, 0.01);
        for (int t = 0; t < 10; t++) {
            float[] gradient = {random.nextFloat(), random.nextFloat()};
            one.step(straight, gradient, 0.01);
            other.step(resumed, gradient, 0.01);
            other = new AdamW(
                    other.firstMoment().clone(),
                    other.secondMoment().clone(),
                    other.updates(),
                    0.01,
                    ParameterGroup.whole(2));
        }
        assertThat(resumed).containsExactly(straight);
    }

    @Test
    void refusesMomentsOfDifferentLengths() {
        assertThatThrownBy(() -> new AdamW(new float[2], new float[3], 0, 0, ParameterGroup.whole(2)))
                .hasMessageContaining("2 and 3 moments");
    }
}
