package io.sparklora.training.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.run.RunLayout;
import io.sparklora.training.checkpoint.FaultingFileSystem;
import io.sparklora.training.checkpoint.TrainingState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A storage that loses what was written to it. */
@Timeout(120)
class LostCheckpointTest {
    private static final int STEPS = 6;

    @TempDir
    private Path root;

    @AfterEach
    void mend() {
        FaultingFileSystem.inject(FaultingFileSystem.Fault.NONE);
    }

    /** Cuts a checkpoint short as soon as it is whole, before anyone reads it. */
    private static void cutShort(Path checkpoint) throws IOException {
        Path vector = checkpoint.resolve("adapter.safetensors");
        if (Files.exists(checkpoint.resolve(RunLayout.MANIFEST)) && Files.size(vector) > 0) {
            Files.write(vector, new byte[0], StandardOpenOption.TRUNCATE_EXISTING);
        }
    }

    @Test
    void endsWhereTheLastCheckpointCannotBeReadBackAndDoesNotBeginAnew() throws IOException {
        LittleRun little = new LittleRun(root);
        TrainingSpec local = little.spec("run", STEPS, STEPS);
        TrainingSpec spec = new TrainingSpec(
                local.identity(),
                local.dataset(),
                FaultingFileSystem.path(little.checkpointDirectory("run")).toString(),
                local.schedule(),
                local.batches(),
                local.learningRate(),
                local.clip(),
                local.weightDecay(),
                local.validation(),
                local.groups(),
                local.ring());
        Path last = little.checkpointDirectory("run").resolve("step-%012d".formatted(STEPS));
        FaultingFileSystem.inject(() -> cutShort(last));
        AtomicInteger attempts = new AtomicInteger();
        TrainingListener counter = new TrainingListener() {
            @Override
            public void attemptStarted(int executors, TrainingState from) {
                attempts.incrementAndGet();
            }

            @Override
            public void stepMade(TimedStep step) {}

            @Override
            public void attemptLost(String why) {}
        };
        SparkConf conf = new SparkConf()
                .setMaster("local[1]")
                .setAppName("LostCheckpointTest")
                .set("spark.ui.enabled", "false")
                .set("spark.hadoop.fs.faulty.impl", FaultingFileSystem.class.getName());
        try (JavaSparkContext spark = new JavaSparkContext(TrainingSparkSettings.apply(conf))) {
            BarrierTraining training = new BarrierTraining(spark, spec, LittleRun.FACTORY, 1, counter);
            assertThatThrownBy(training::run)
                    .hasMessageContaining("the ranks made all steps, but the last checkpoint in " + spec.checkpoints())
                    .extracting(e -> ((StageFailure) e).exitCode())
                    .isEqualTo(ExitCode.RETRYABLE);
        }
        assertThat(attempts).hasValue(1);
    }
}
