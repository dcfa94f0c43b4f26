package io.sparklora.pipeline.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.registry.RunDirectory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class HostTest {
    @TempDir
    private Path machine;

    private FakeHost host;

    @BeforeEach
    void furnish() {
        host = new FakeHost(machine);
        host.environment.put("PATH", machine.resolve("bin").toString());
    }

    @Test
    void endsACommandThatDoesNotAnswer() throws Exception {
        Path pid = machine.resolve("pid");
        Path command = machine.resolve("bin/nvidia-smi");
        RunDirectory.write(command, "#!/bin/sh\necho $$ >" + pid + "\nexec sleep 600\n");
        command.toFile().setExecutable(true);

        assertThatThrownBy(() -> host.host().gpus(Duration.ofSeconds(2)))
                .isInstanceOf(StageFailure.class)
                .hasMessage(command + " did not answer within 2 s");

        ProcessHandle.of(Long.parseLong(Files.readString(pid).strip()))
                .ifPresent(process -> assertThat(process.onExit()).succeedsWithin(20, TimeUnit.SECONDS));
    }

    @Test
    void unpacksWhereDjlDoes() throws Exception {
        assertThat(host.host().nativesCache()).isEqualTo(machine.resolve("temporary/.djl.ai"));
        Files.createDirectory(machine.resolve("user"));
        assertThat(host.host().nativesCache()).isEqualTo(machine.resolve("user/.djl.ai"));
        host.environment.put("DJL_CACHE_DIR", "/cache");
        assertThat(host.host().nativesCache()).isEqualTo(Path.of("/cache"));
        host.environment.put("ENGINE_CACHE_DIR", "/engines");
        assertThat(host.host().nativesCache()).isEqualTo(Path.of("/engines"));
    }
}
