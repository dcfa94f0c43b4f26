package io.sparklora.training.job;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparklora.pipeline.adapter.Arithmetic;
import io.sparklora.pipeline.adapter.ComputeType;
import io.sparklora.pipeline.adapter.DeviceType;
import io.sparklora.pipeline.config.BaseConfig;
import io.sparklora.pipeline.run.Storage;
import io.sparklora.training.checkpoint.TrainingState;
import io.sparklora.training.model.LossProgram;
import io.sparklora.training.model.TaskGpu;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Spark's own scheduling of GPUs, on workers that say they have one each: nothing computes on it. */
@Timeout(120)
class GpuPlacementTest {
    @TempDir
    private static Path root;

    private static JavaSparkContext spark;
    private static LittleRun little;

    @BeforeAll
    static void start() throws IOException {
        Path taken = Files.createDirectory(root.resolve("taken"));
        // Each worker finds another one: the first index that none has taken.
        Path script = root.resolve("gpus.sh");
        Files.writeString(
                script,
                "#!/bin/sh\nn=0\nwhile ! mkdir \"" + taken + "/$n\" 2>/dev/null; do n=$((n + 1)); done\n"
                        + "echo \"{\\\"name\\\": \\\"gpu\\\", \\\"addresses\\\": [\\\"$n\\\"]}\"\n");
        Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
        spark = new JavaSparkContext(TaskGpu.request(
                TrainingSparkSettings.apply(LocalCluster.conf("GpuPlacementTest", 2)
                        .set("spark.worker.resource.gpu.amount", "1")
                        .set("spark.worker.resource.gpu.discoveryScript", script.toString())
                        .set("spark.executor.resource.gpu.amount", "1")),
                BaseConfig.Device.AUTO));
        little = new LittleRun(Files.createDirectory(root.resolve("little")));
    }

    @AfterAll
    static void stop() {
        spark.stop();
    }

    private static TrainingState train(String name, ProgramFactory factory) {
        return new BarrierTraining(spark, little.spec(name, 6, 3), factory, 2, TrainingListener.all(List.of())).run();
    }

    /** The little model, which notes what GPU it is opened on and says that it computes there. */
    private record NotingFactory(String notes) implements ProgramFactory {
        private static final long serialVersionUID = 1L;

        @Override
        public LossProgram open(Optional<Arithmetic> settled, TaskGpu gpu) {
            try {
                Files.createFile(Path.of(notes, "gpu-" + gpu.assigned().orElseThrow()));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            return new BigramProgram(LittleRun.VOCABULARY) {
                @Override
                public Arithmetic arithmetic() {
                    return new Arithmetic(DeviceType.GPU, ComputeType.FP32);
                }
            };
        }

        @Override
        public float[] initialParameters(Storage storage) {
            return LittleRun.FACTORY.initialParameters(storage);
        }
    }

    @Test
    void givesEachRankAGpuOfItsOwnAndRemembersThatTheyComputedOnGpus() throws IOException {
        Path notes = Files.createDirectory(root.resolve("notes"));

        TrainingState end = train("gpus", new NotingFactory(notes.toString()));

        try (Stream<Path> files = Files.list(notes)) {
            assertThat(files.map(file -> file.getFileName().toString())).containsExactlyInAnyOrder("gpu-0", "gpu-1");
        }
        assertThat(end.arithmetic()).contains(new Arithmetic(DeviceType.GPU, ComputeType.FP32));
    }
}
