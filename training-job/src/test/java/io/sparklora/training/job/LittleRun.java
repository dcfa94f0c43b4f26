package io.sparklora.training.job;

import io.sparklora.pipeline.config.TrainConfig.Order;
import io.sparklora.pipeline.config.TrainConfig.Schedule;
import io.sparklora.pipeline.dataset.DatasetManifest;
import io.sparklora.pipeline.dataset.Split;
import io.sparklora.pipeline.run.ContentKey;
import io.sparklora.pipeline.run.Json;
import io.sparklora.pipeline.run.RunLayout;
import io.sparklora.pipeline.run.Storage;
import io.sparklora.training.checkpoint.CheckpointSchedule;
import io.sparklora.training.checkpoint.Checkpoints;
import io.sparklora.training.checkpoint.RunIdentity;
import io.sparklora.training.checkpoint.TrainingState;
import io.sparklora.training.collective.RingSettings;
import io.sparklora.training.data.BatchPlan;
import io.sparklora.training.data.TokenParquet;
import io.sparklora.training.data.TokenParquet.Row;
import io.sparklora.training.data.TokenSequences;
import io.sparklora.training.model.LossProgram;
import io.sparklora.training.model.MicroBatch;
import io.sparklora.training.model.TaskGpu;
import io.sparklora.training.optimizer.GradientClip;
import io.sparklora.training.optimizer.LearningRate;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/** A run of the bigram model on a small dataset of real files: what the tests of the loop and the job train. */
final class LittleRun {
    static final int VOCABULARY = 24;
    static final int LENGTH = 32;
    static final BigramFactory FACTORY = new BigramFactory(VOCABULARY, 3);
    private static final int SEQUENCES = 90;

    final Storage storage = new Storage(new Configuration());
    private final java.nio.file.Path root;
    private final DatasetManifest manifest;

    LittleRun(java.nio.file.Path root) throws IOException {
        this.root = root;
        List<Row> rows = new ArrayList<>();
        for (int id = 0; id < SEQUENCES; id++) {
            rows.add(row(id));
        }
        manifest = TokenParquet.writeSplit(storage, dataset(), rows, 40, 16, VOCABULARY);
        storage.create(new Path(dataset(), RunLayout.MANIFEST), Json.bytes(manifest));
    }

    /** Tokens with a pattern to learn: often the next is three higher. */
    private static Row row(long id) {
        Random random = new Random(id);
        int[] ids = new int[LENGTH];
        for (int at = 1; at < LENGTH; at++) {
            ids[at] = random.nextInt(4) == 0 ? random.nextInt(VOCABULARY) : (ids[at - 1] + 3) % VOCABULARY;
        }
        int cut = 1 + random.nextInt(LENGTH - 1);
        int[] labels = ids.clone();
        labels[0] = MicroBatch.IGNORED;
        labels[cut] = MicroBatch.IGNORED;
        return new Row(id, ids, labels, new int[] {cut, LENGTH - cut});
    }

    Path dataset() {
        return new Path(root.resolve("dataset").toUri());
    }

    java.nio.file.Path checkpointDirectory(String name) {
        return root.resolve(name);
    }

    /** The checkpoints that have a manifest, oldest first. */
    List<java.nio.file.Path> wholeCheckpoints(String name) {
        try (Stream<java.nio.file.Path> listed = Files.list(checkpointDirectory(name))) {
            return listed.filter(path -> Files.exists(path.resolve(RunLayout.MANIFEST)))
                    .sorted()
                    .toList();
        } catch (NoSuchFileException e) {
            return List.of();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    TokenSequences data() {
        return TokenSequences.open(storage, dataset(), manifest, Split.TRAIN);
    }

    /** The same sequences, as what the adapter is measured on. */
    Optional<TokenSequences> validationData() {
        return Optional.of(data());
    }

    TrainingSpec spec(String checkpoints, int steps, int checkpointSteps) {
        return spec(checkpoints, steps, checkpointSteps, ValidationPlan.NONE);
    }

    TrainingSpec spec(String checkpoints, int steps, int checkpointSteps, ValidationPlan validation) {
        return spec(new Path(checkpointDirectory(checkpoints).toUri()), steps, checkpointSteps, validation);
    }

    /** @param checkpoints where they lie, on any store */
    TrainingSpec spec(Path checkpoints, int steps, int checkpointSteps, ValidationPlan validation) {
        return new TrainingSpec(
                new RunIdentity("config", "base", manifest.datasetKey().hex(), 17),
                dataset().toString(),
                checkpoints.toString(),
                new CheckpointSchedule(checkpointSteps, Duration.ZERO, Duration.ofSeconds(20)),
                new BatchPlan(SEQUENCES, LENGTH, Order.SHUFFLED, 17, 14, 2, steps),
                LearningRate.of(0.05, Schedule.COSINE, 0.05, 0, steps),
                new GradientClip(1),
                0.01,
                validation,
                List.of(),
                new RingSettings(1024, Duration.ofSeconds(30), Duration.ofSeconds(30)));
    }

    Checkpoints checkpoints(TrainingSpec spec) {
        return spec.openCheckpoints(storage);
    }

    /** Of all that a run is. */
    static String sha256(TrainingState state) {
        StringBuilder text = new StringBuilder(state.history().toString());
        for (float[] vector : List.of(state.parameters(), state.firstMoment(), state.secondMoment())) {
            ByteBuffer bytes = ByteBuffer.allocate(vector.length * Float.BYTES);
            bytes.asFloatBuffer().put(vector);
            text.append(HexFormat.of().formatHex(bytes.array()));
        }
        return ContentKey.of(List.of(text.toString())).hex();
    }

    /** The model, opened on this thread. */
    static LossProgram program() {
        return FACTORY.open(Optional.empty(), TaskGpu.NONE);
    }

    static TrainingState initial() {
        return TrainingState.initial(FACTORY.initialParameters(new Storage(new Configuration())));
    }
}
