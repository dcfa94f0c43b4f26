package io.sparklora.training.job;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparklora.pipeline.run.Storage;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A run with its checkpoints on a real store, {@code bin/check-store} says which: it loses an executor and its driver,
 * and goes on from what is there.
 */
@Tag("storage")
final class CheckpointStoreTest {
    private static final int STEPS = 3000;
    private static final int CHECKPOINT_STEPS = 10;

    private final Configuration hadoop = new Configuration();
    private final URI checkpoints = URI.create(System.getProperty("store.location") + "/check-" + UUID.randomUUID());

    @TempDir
    private Path directory;

    /** The settings go to drivers in a file, since command lines are everyone's to read. */
    @BeforeEach
    void readSettings() throws IOException {
        List<String> options = new ArrayList<>();
        for (String setting : System.getenv()
                .getOrDefault("STORE_SETTINGS", "")
                .lines()
                .filter(line -> !line.isBlank())
                .toList()) {
            String[] pair = setting.split("=", 2);
            hadoop.set(pair[0], pair[1]);
            options.add("\"-Dspark.hadoop." + setting.replace("\\", "\\\\").replace("\"", "\\\"") + "\"");
        }
        Files.createFile(
                optionsFile(), PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.write(optionsFile(), options);
    }

    private Path optionsFile() {
        return directory.resolve("options");
    }

    @AfterEach
    void cleanUp() {
        new Storage(hadoop).delete(new org.apache.hadoop.fs.Path(checkpoints));
    }

    @Test
    @Timeout(value = 5, unit = TimeUnit.MINUTES)
    void aRunThatLosesAnExecutorAndItsDriverEndsWithTheSameBytes() throws Exception {
        Path failed = Files.createDirectory(directory.resolve("failed"));
        Process driver = start(failed);
        LittleDriver.awaitStep(failed, driver, STEPS / 3);
        driver.descendants().findFirst().orElseThrow().destroyForcibly();
        LittleDriver.awaitStart(failed, driver, 1);
        LittleDriver.awaitStep(failed, driver, 2 * STEPS / 3);
        List<ProcessHandle> executors = driver.descendants().toList();
        driver.destroyForcibly().waitFor();
        for (ProcessHandle executor : executors) {
            executor.onExit().get(1, TimeUnit.MINUTES);
        }

        assertThat(start(failed).waitFor())
                .as(Files.readString(failed.resolve("driver.log")))
                .isZero();

        assertThat(LittleDriver.start(failed)).isGreaterThan(STEPS / 3);
        Path unfailed = Files.createDirectory(directory.resolve("unfailed"));
        assertThat(LittleDriver.start(unfailed, 1, STEPS, STEPS, List.of()).waitFor())
                .isZero();
        assertThat(LittleDriver.result(failed)).isEqualTo(LittleDriver.result(unfailed));
    }

    private Process start(Path failed) throws Exception {
        return LittleDriver.start(failed, 2, STEPS, CHECKPOINT_STEPS, List.of("@" + optionsFile()), checkpoints);
    }
}
