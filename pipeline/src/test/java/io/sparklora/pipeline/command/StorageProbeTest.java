package io.sparklora.pipeline.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparklora.pipeline.registry.RunDirectory;
import io.sparklora.pipeline.run.Storage;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class StorageProbeTest {
    private final Storage storage = new Storage(new Configuration());

    @TempDir
    private Path temporary;

    private StorageProbe probe() {
        StorageProbe probe = StorageProbe.in(storage, temporary.resolve("runs").toString());
        storage.create(probe.file(), new byte[] {1});
        return probe;
    }

    @Test
    void leavesADirectoryAsItWas() throws Exception {
        probe().close();
        assertThat(temporary.resolve("runs")).doesNotExist();

        Files.createDirectory(temporary.resolve("runs"));
        probe().close();
        assertThat(temporary.resolve("runs")).isEmptyDirectory();
    }

    @Test
    void leavesWhatARunWroteMeanwhile() {
        try (StorageProbe probe = probe()) {
            RunDirectory.write(temporary.resolve("runs/legal/results/train.json"), "{}");
            assertThat(probe.wasThere()).isFalse();
        }
        assertThat(RunDirectory.files(temporary)).containsExactly("runs/legal/results/train.json");
    }

    @Test
    void leavesNothingWhereALookFails() {
        assertThatThrownBy(() -> {
                    try (StorageProbe probe = probe()) {
                        throw new IllegalStateException("what came after " + probe.file());
                    }
                })
                .hasMessageStartingWith("what came after")
                .hasNoSuppressedExceptions();
        assertThat(temporary).isEmptyDirectory();
    }
}
