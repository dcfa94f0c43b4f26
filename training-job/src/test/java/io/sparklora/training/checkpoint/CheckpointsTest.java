package io.sparklora.training.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.adapter.Arithmetic;
import io.sparklora.pipeline.adapter.ComputeType;
import io.sparklora.pipeline.adapter.DeviceType;
import io.sparklora.pipeline.run.Storage;
import io.sparklora.training.checkpoint.StepRecord.Update;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CheckpointsTest {
    private static final RunIdentity RUN = new RunIdentity("c0", "b0", "d0", 17);
    private static final int PARAMETERS = 1000;

    @TempDir
    private java.nio.file.Path temporary;

    private final Storage storage = new Storage(new Configuration());
    private Checkpoints checkpoints;

    @BeforeEach
    void open() {
        checkpoints = of(RUN);
    }

    private Checkpoints of(RunIdentity identity) {
        return new Checkpoints(
                storage, new Path(temporary.resolve("checkpoints").toUri()), identity, 4);
    }

    static TrainingState state(int step) {
        Random random = new Random(step);
        float[][] vectors = new float[3][PARAMETERS];
        for (float[] vector : vectors) {
            for (int i = 0; i < PARAMETERS; i++) {
                vector[i] = (float) random.nextGaussian();
            }
        }
        List<StepRecord> history = new ArrayList<>();
        for (int i = 1; i <= step; i++) {
            Update update = i == 2 ? Update.NOT_FINITE : Update.APPLIED;
            history.add(new StepRecord(i, 1.0 / i, 1e-3, 0.1 * i, 500, update));
        }
        Snapshot current = new Snapshot(step, Math.max(0, step - 1), vectors[0], vectors[1], vectors[2]);
        // Every tenth step is a milestone of its own.
        Snapshot milestone = step % 10 == 0
                ? current.copy()
                : new Snapshot(step / 10 * 10, 0, vectors[1].clone(), vectors[2].clone(), vectors[0].clone());
        return new TrainingState(
                current,
                milestone,
                best(step, vectors),
                history,
                Optional.of(new Arithmetic(DeviceType.GPU, ComputeType.BF16)));
    }

    /** Of the step before; of the step itself where that is a multiple of three; none before step 5. */
    private static Optional<BestAdapter> best(int step, float[][] vectors) {
        if (step < 5) {
            return Optional.empty();
        }
        return Optional.of(
                step % 3 == 0
                        ? new BestAdapter(step, vectors[0].clone())
                        : new BestAdapter(step - 1, vectors[1].clone()));
    }

    private java.nio.file.Path directory(int step) {
        return temporary.resolve("checkpoints/step-%012d".formatted(step));
    }

    private static void assertSame(TrainingState actual, TrainingState expected) {
        assertThat(actual).usingRecursiveComparison().isEqualTo(expected);
    }

    @Test
    void givesBackWhatWasSaved() {
        checkpoints.save(state(7));
        assertSame(checkpoints.latest().orElseThrow(), state(7));
        assertSame(checkpoints.load(7), state(7));
    }

    @Test
    void savesAMilestoneOnceWhereItIsTheStepItself() throws IOException {
        checkpoints.save(state(20));
        assertSame(checkpoints.load(20), state(20));
        assertThat(Files.exists(directory(20).resolve("milestone-adapter.safetensors")))
                .isFalse();
        checkpoints.save(state(27));
        assertThat(Files.exists(directory(27).resolve("milestone-adapter.safetensors")))
                .isTrue();
    }

    @Test
    void savesTheBestAdapterOnceWhereItIsTheStepItself() {
        for (int step : new int[] {4, 9, 10}) {
            checkpoints.save(state(step));
            assertSame(checkpoints.load(step), state(step));
            assertThat(Files.exists(directory(step).resolve("best-adapter.safetensors")))
                    .isEqualTo(step == 10);
        }
    }

    @Test
    void hasNoStateBeforeTheFirst() {
        assertThat(checkpoints.latest()).isEmpty();
    }

    @Test
    void keepsTheOneSavedAndTheWholeOneBeforeIt() throws IOException {
        for (int step : new int[] {5, 10, 15, 100}) {
            checkpoints.save(state(step));
        }
        Files.createDirectories(directory(18));
        checkpoints.save(state(20));
        assertThat(kept()).containsExactlyInAnyOrder("step-000000000015", "step-000000000020", "step-000000000100");
    }

    private List<String> kept() throws IOException {
        try (Stream<java.nio.file.Path> kept = Files.list(temporary.resolve("checkpoints"))) {
            return kept.map(path -> path.getFileName().toString()).toList();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "adapter.safetensors",
                "first-moment.safetensors",
                "second-moment.safetensors",
                "history.jsonl",
                "manifest.json"
            })
    void goesBackToTheOneBeforeWhenAFileIsTruncatedOrMissing(String file) throws IOException {
        checkpoints.save(state(5));
        checkpoints.save(state(10));
        java.nio.file.Path damaged = directory(10).resolve(file);
        try (FileChannel channel = FileChannel.open(damaged, StandardOpenOption.WRITE)) {
            channel.truncate(channel.size() / 2);
        }
        assertSame(checkpoints.latest().orElseThrow(), state(5));
        Files.delete(damaged);
        assertSame(checkpoints.latest().orElseThrow(), state(5));
    }

    @Test
    void saysWhichFileIsDamaged() throws IOException {
        checkpoints.save(state(5));
        java.nio.file.Path file = directory(5).resolve("adapter.safetensors");
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length / 2] ^= 1;
        Files.write(file, bytes);
        assertThatThrownBy(() -> checkpoints.load(5))
                .isInstanceOf(StageFailure.class)
                .hasMessageContaining("step-000000000005: adapter.safetensors is damaged");
        assertThat(checkpoints.latest()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3})
    void skipsTheCheckpointOfAnotherRun(int part) {
        checkpoints.save(state(5));
        of(new RunIdentity(
                        part == 0 ? "other" : "c0",
                        part == 1 ? "other" : "b0",
                        part == 2 ? "other" : "d0",
                        part == 3 ? 18 : 17))
                .save(state(10));
        assertSame(checkpoints.latest().orElseThrow(), state(5));
        assertThatThrownBy(() -> checkpoints.load(10)).hasMessageContaining("and not to " + RUN);
    }

    @Test
    void skipsOneThatWasKilledBeforeItsManifest() throws IOException {
        checkpoints.save(state(5));
        checkpoints.save(state(10));
        Files.delete(directory(10).resolve("manifest.json"));
        Files.createDirectories(directory(12).resolve("_attempt-x"));
        assertSame(checkpoints.latest().orElseThrow(), state(5));
        checkpoints.save(state(10));
        assertSame(checkpoints.latest().orElseThrow(), state(10));
    }
}
