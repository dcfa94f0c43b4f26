package io.sparklora.training.job;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparklora.pipeline.run.StageMain;
import io.sparklora.training.collective.PortRange;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DriverSettingsTest {
    @TempDir
    private Path directory;

    private DriverSettings of(String... overrides) throws IOException {
        Path config = Files.writeString(directory.resolve("legal.yaml"), """
                name: legal
                base: {model: m.gguf}
                corpus: {sources: [{format: text, path: a}]}
                """);
        return DriverSettings.of(StageMain.context(config.toString(), List.of(overrides))
                .config()
                .train());
    }

    @Test
    void areWhatTheConfigurationSays() throws IOException {
        assertThat(of("train.executors=3")).isEqualTo(DriverSettings.of(3));
        assertThat(of(
                        "train.executor-wait.all=600",
                        "train.executor-wait.first=1800",
                        "train.ports.driver=7400",
                        "train.ports.range=8"))
                .isEqualTo(
                        new DriverSettings(1, Duration.ofMinutes(10), Duration.ofMinutes(30), new PortRange(7400, 8)));
    }

    @Test
    void laterAttemptsWaitLessForThoseThatAreMissing() throws IOException {
        DriverSettings settings = of("train.executor-wait.all=600");

        assertThat(settings.slots(0)).isEqualTo(new ExecutorSlots(Duration.ofMinutes(10), Duration.ofMinutes(5)));
        assertThat(settings.slots(1)).isEqualTo(new ExecutorSlots(Duration.ofSeconds(5), Duration.ofMinutes(5)));
        assertThat(of("train.executor-wait.all=2").slots(1).patience()).isEqualTo(Duration.ofSeconds(2));
    }
}
