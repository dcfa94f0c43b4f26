package io.sparklora.pipeline.command;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * A command that runs on this terminal, and all processes that it starts: none outlives it. When this process is asked
 * to end (Ctrl-C, SIGTERM) the command is asked to end too, and what is left of its processes after a while is killed.
 */
final class ChildProcess {
    /** How long processes get to end by themselves. */
    static final Duration GRACE = Duration.ofSeconds(15);

    private static final Duration LOOK_EVERY = Duration.ofSeconds(1);

    private final ProcessBuilder builder;
    private final Duration grace;
    /** Every process seen below the command: an executor whose driver died is no longer below anyone. */
    private final Set<ProcessHandle> seen = new LinkedHashSet<>();

    private @Nullable Process started;
    private boolean ending;

    private ChildProcess(ProcessBuilder builder, Duration grace) {
        this.builder = builder;
        this.grace = grace;
    }

    /**
     * Runs a command to its end; it inherits this process's terminal.
     *
     * @param grace how long its processes get to end by themselves before they are killed
     * @return its exit status
     */
    static int run(SparkSubmit command, Duration grace) {
        ProcessBuilder builder = new ProcessBuilder(command.words()).inheritIO();
        builder.environment().putAll(command.environment());
        try {
            return new ChildProcess(builder, grace).await();
        } catch (IOException e) {
            throw new StageFailure(
                    ExitCode.USAGE, "can't run " + command.words().get(0) + ": " + e.getMessage(), e);
        }
    }

    private int await() throws IOException {
        // Before the start: a signal that came between the two would leave the command behind.
        Thread hook = new Thread(this::end, "end-child");
        Runtime.getRuntime().addShutdownHook(hook);
        try {
            Process process = start();
            while (!process.waitFor(LOOK_EVERY.toMillis(), TimeUnit.MILLISECONDS)) {
                look(process);
            }
            endRest();
            return process.exitValue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            end();
            throw new StageFailure(ExitCode.RETRYABLE, "interrupted", e);
        } finally {
            forget(hook);
        }
    }

    private synchronized Process start() throws IOException {
        if (ending) {
            throw new StageFailure(ExitCode.RETRYABLE, "interrupted");
        }
        Process process = builder.start();
        started = process;
        return process;
    }

    /** The command, if it was started; from now on it will not be. */
    private synchronized Optional<Process> endStarting() {
        ending = true;
        return Optional.ofNullable(started);
    }

    private static void forget(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // This process is ending: the hook is running, and is waited for.
            return;
        }
    }

    private synchronized void look(Process process) {
        process.descendants().forEach(seen::add);
    }

    /** Asks the command to end, and sees to it that it does. */
    private void end() {
        endStarting().ifPresent(process -> {
            look(process);
            process.destroy();
            if (!hasEnded(process.toHandle())) {
                look(process);
                process.destroyForcibly();
            }
            endRest();
        });
    }

    /** Executors end by themselves when their driver is gone; those that don't are killed. */
    private synchronized void endRest() {
        CompletableFuture<?>[] ends = seen.stream().map(ProcessHandle::onExit).toArray(CompletableFuture<?>[]::new);
        if (!isDone(CompletableFuture.allOf(ends))) {
            seen.forEach(ProcessHandle::destroyForcibly);
        }
    }

    private boolean hasEnded(ProcessHandle handle) {
        return isDone(handle.onExit());
    }

    private boolean isDone(CompletableFuture<?> end) {
        try {
            end.get(grace.toMillis(), TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } catch (ExecutionException e) {
            throw new IllegalStateException("can't wait for a process", e);
        }
    }
}
