package io.sparklora.training.optimizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.sparklora.pipeline.config.TrainConfig.Schedule;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class LearningRateTest {
    @ParameterizedTest
    @EnumSource
    void risesLinearlyToThePeak(Schedule schedule) {
        LearningRate rate = LearningRate.of(1e-3, schedule, 0.05, 0.2, 80);
        assertThat(rate.warmupSteps()).isEqualTo(4);
        assertThat(rate.at(0)).isEqualTo(0.25e-3);
        assertThat(rate.at(1)).isEqualTo(0.5e-3);
        assertThat(rate.at(3)).isEqualTo(1e-3);
        assertThat(rate.at(4)).isEqualTo(1e-3);
    }

    @ParameterizedTest
    @CsvSource({
        "CONSTANT,1,1,1",
        "LINEAR,0.75,0.5,0.01",
        "COSINE,0.8535533905932737,0.5,0.000246719817134",
        "WSD,1,1,0.05"
    })
    void fallsAsItsShapeSays(Schedule schedule, double quarter, double half, double last) {
        LearningRate rate = LearningRate.of(1, schedule, 0, 0.2, 100);
        assertThat(rate.at(25)).isCloseTo(quarter, within(1e-12));
        assertThat(rate.at(50)).isCloseTo(half, within(1e-12));
        assertThat(rate.at(99)).isCloseTo(last, within(1e-12));
    }

    @ParameterizedTest
    @CsvSource({"0.07,100,7", "0.06,50,3", "0.06,60,4", "1,5,5", "0,5,0"})
    void roundsTheWarmUpUpToWholeSteps(double warmup, long steps, long expected) {
        assertThat(LearningRate.of(1, Schedule.LINEAR, warmup, 0, steps).warmupSteps())
                .isEqualTo(expected);
    }

    @Test
    void wsdStaysAtThePeakUntilTheDecay() {
        LearningRate rate = LearningRate.of(2, Schedule.WSD, 0.1, 0.25, 40);
        assertThat(rate.at(3)).isEqualTo(2);
        assertThat(rate.at(29)).isEqualTo(2);
        assertThat(rate.at(30)).isEqualTo(2);
        assertThat(rate.at(31)).isCloseTo(1.8, within(1e-12));
        assertThat(rate.at(39)).isCloseTo(0.2, within(1e-12));
        assertThat(LearningRate.of(2, Schedule.WSD, 0.1, 0, 40).at(39)).isEqualTo(2);
    }

    @Test
    void refusesAWarmUpLongerThanTheRun() {
        assertThatThrownBy(() -> LearningRate.of(1, Schedule.LINEAR, 1.5, 0, 4)).hasMessageContaining("6 of 4 steps");
    }
}
