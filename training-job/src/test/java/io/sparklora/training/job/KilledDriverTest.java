package io.sparklora.training.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The stage as users start it, in a process of its own with executor processes, killed with SIGKILL and started again. */
class KilledDriverTest {
    private static final List<String> LONG_RUN = List.of("train.tokens=25600", "train.checkpoint.steps=20");
    private static final List<String> WHOLE_MODEL =
            List.of("train.finetuning-type=full", "lora={}", "train.tokens=6400", "train.checkpoint.steps=10");

    @TempDir
    private Path root;

    @Test
    @Timeout(value = 10, unit = TimeUnit.MINUTES)
    void endsWithTheSameBytesAfterItsDriverWasTerminatedAndKilled() throws Exception {
        LocalCluster.requireSparkHome();
        TinyDriver unfailed = TinyDriver.prepared(root.resolve("unfailed"), LONG_RUN);
        trainHere(unfailed);
        TinyDriver killed = TinyDriver.prepared(root.resolve("killed"), LONG_RUN);

        Process terminated = killed.start(2, "train.checkpoint.steps=1000");
        killed.awaitSteps(terminated);
        // SIGTERM; no checkpoint is due.
        terminated.destroy();
        assertThat(TinyDriver.finish(terminated)).isEqualTo(128 + 15);
        assertThat(killed.checkpoints().toFile().list()).hasSize(1);

        Process driver = killed.start(2);
        killed.awaitCheckpoints(driver, 2);
        List<ProcessHandle> executors = driver.descendants().toList();
        driver.destroyForcibly();

        assertThat(TinyDriver.finish(driver)).isEqualTo(128 + 9);
        assertThat(executors).hasSize(2);
        for (ProcessHandle executor : executors) {
            executor.onExit().get(3, TimeUnit.MINUTES);
        }
        assertThat(killed.adapter().resolve("manifest.json")).doesNotExist();
        assertThat(TinyDriver.finish(killed.start(1))).isZero();
        assertThat(killed.adapterFiles().resolve("adapter_model.safetensors"))
                .hasSameBinaryContentAs(unfailed.adapterFiles().resolve("adapter_model.safetensors"));
        assertThat(killed.log()).contains("goes on from step");
    }

    @Test
    @Timeout(value = 10, unit = TimeUnit.MINUTES)
    void aWholeModelHasTheSameBytesOnTwoExecutorsAfterAKill() throws Exception {
        LocalCluster.requireSparkHome();
        TinyDriver unfailed = TinyDriver.prepared(root.resolve("unfailed"), WHOLE_MODEL);
        trainHere(unfailed);
        TinyDriver killed = TinyDriver.prepared(root.resolve("killed"), WHOLE_MODEL);

        Process driver = killed.start(2);
        killed.awaitCheckpoints(driver, 2);
        driver.destroyForcibly();
        assertThat(TinyDriver.finish(driver)).isEqualTo(128 + 9);

        assertThat(TinyDriver.finish(killed.start(2))).isZero();
        assertThat(killed.adapterFiles().resolve("model.safetensors"))
                .hasSameBinaryContentAs(unfailed.adapterFiles().resolve("model.safetensors"));
        assertThat(killed.log()).contains("goes on from step");
    }

    private static void trainHere(TinyDriver driver) throws IOException {
        TrainStageTest.SPARK.forEach(System::setProperty);
        try {
            new TrainStage(driver.context()).run();
        } finally {
            TrainStageTest.SPARK.keySet().forEach(System::clearProperty);
        }
    }
}
