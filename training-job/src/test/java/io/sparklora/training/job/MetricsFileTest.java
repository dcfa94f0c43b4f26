package io.sparklora.training.job;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparklora.pipeline.run.Storage;
import io.sparklora.training.checkpoint.Snapshot;
import io.sparklora.training.checkpoint.StepRecord;
import io.sparklora.training.checkpoint.StepRecord.Update;
import io.sparklora.training.checkpoint.TrainingState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MetricsFileTest {
    @TempDir
    private Path directory;

    private static StepRecord step(long number) {
        return new StepRecord(number, 2.5, 1e-3, 0.5, 1900, Update.APPLIED);
    }

    private static TrainingState after(long steps) {
        return after(
                LongStream.rangeClosed(1, steps).mapToObj(MetricsFileTest::step).toList());
    }

    /** The state of an adapter of one parameter after these steps. */
    static TrainingState after(List<StepRecord> history) {
        Snapshot start = TrainingState.initial(new float[1]).current();
        return new TrainingState(
                new Snapshot(history.size(), 0, new float[1], new float[1], new float[1]),
                start,
                Optional.empty(),
                history,
                Optional.empty());
    }

    private MetricsFile open() {
        return new MetricsFile(new Storage(new Configuration()), new org.apache.hadoop.fs.Path(file().toUri()));
    }

    private Path file() {
        return directory.resolve("metrics.jsonl");
    }

    @Test
    void writesALineAStep() throws IOException {
        try (MetricsFile metrics = open()) {
            metrics.attemptStarted(2, after(0));
            metrics.stepMade(TimedSteps.of(step(1), 4));
        }
        assertThat(file())
                .hasContent("{\"step\":1,\"loss\":2.5,\"learning_rate\":0.001,\"gradient_norm\":0.5,"
                        + "\"supervised_tokens\":1900,\"update\":\"APPLIED\",\"tokens_per_second\":512.0,\"seconds\":4.0,"
                        + "\"compute_seconds\":[3.5,3.0]}");
    }

    @Test
    void keepsOneLineAStepOverAttemptsAndProcesses() throws IOException {
        try (MetricsFile metrics = open()) {
            metrics.attemptStarted(2, after(0));
            for (long number = 1; number <= 5; number++) {
                metrics.stepMade(TimedSteps.of(step(number), 4));
            }
        }
        try (MetricsFile metrics = open()) {
            metrics.attemptStarted(2, after(3));
            metrics.stepMade(TimedSteps.of(step(4), 2));
            metrics.attemptStarted(1, after(6));
            metrics.stepMade(TimedSteps.of(step(7), 2));
        }
        assertThat(Files.readAllLines(file())).hasSize(7).satisfies(lines -> {
            assertThat(lines.get(2)).contains("\"step\":3,").contains("\"seconds\":4.0");
            assertThat(lines.get(3)).contains("\"step\":4,").contains("\"seconds\":2.0");
            assertThat(lines.get(4)).contains("\"step\":5,").contains("\"seconds\":0.0,\"compute_seconds\":[]}");
            assertThat(lines.get(6)).contains("\"step\":7,").contains("\"seconds\":2.0");
        });
    }

    @Test
    void startsAnewWhereTheFileIsDamaged() throws IOException {
        Files.writeString(file(), "{\"step\":1");
        try (MetricsFile metrics = open()) {
            metrics.stepMade(TimedSteps.of(step(1), 4));
        }
        assertThat(Files.readAllLines(file()))
                .hasSize(1)
                .first()
                .asString()
                .endsWith("\"seconds\":4.0,\"compute_seconds\":[3.5,3.0]}");
    }
}
