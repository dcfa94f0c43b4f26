package io.sparklora.pipeline.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ChildProcessTest {
    private static final Duration GRACE = Duration.ofMillis(300);

    @TempDir
    private Path directory;

    /** Runs a shell command as the conductor runs spark-submit. */
    static final class Runner {
        private Runner() {}

        public static void main(String[] args) {
            SparkSubmit command = new SparkSubmit(Map.of("COLOUR", "blue"), List.of("bash", "-c", args[0]));
            System.exit(ChildProcess.run(command, GRACE));
        }
    }

    private CommandProcess run(String script) {
        return CommandProcess.java(directory, List.of(Runner.class.getName(), script));
    }

    private static void assertGone(String pid) throws Exception {
        var left = ProcessHandle.of(Long.parseLong(pid));
        if (left.isPresent()) {
            left.get().onExit().get(2, TimeUnit.SECONDS);
        }
    }

    @Test
    void passesTheStatusTheVariablesAndTheOutputOn() {
        CommandProcess process = run("echo the sky is $COLOUR; exit 31");

        assertThat(process.await()).isEqualTo(31);
        assertThat(process.text()).contains("the sky is blue");
    }

    @Test
    void endsAStubbornCommandAndWhatRunsBelowIt() throws Exception {
        CommandProcess process =
                run("trap '' TERM; (trap '' TERM; sleep 600) & echo pids $$ $!; while true; do wait; done");
        String[] pids = process.awaitLine("pids ").split(" ");

        process.terminate();

        assertThat(process.await()).isEqualTo(143);
        assertGone(pids[1]);
        assertGone(pids[2]);
    }

    @Test
    void endsWhatACommandLeavesBehind() throws Exception {
        CommandProcess process = run("sleep 600 > /dev/null 2>&1 & echo pids $!; sleep 2; exit 3");
        String[] pids = process.awaitLine("pids ").split(" ");

        assertThat(process.await()).isEqualTo(3);
        assertGone(pids[1]);
    }
}
