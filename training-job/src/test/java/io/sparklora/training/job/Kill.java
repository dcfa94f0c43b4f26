package io.sparklora.training.job;

import io.sparklora.training.job.WatchedFactory.Phase;
import io.sparklora.training.job.WatchedFactory.Watched;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/**
 * A kill -9 of one executor, and what it hit.
 *
 * @param hit what the rank was doing: one phase of its step, and of rank 0 perhaps a checkpoint beside it
 */
record Kill(List<String> hit) {
    private static final int MOST_MILLIS = 30;
    private static final Duration PATIENCE = Duration.ofSeconds(2);
    private static final String SAVING = "saving";

    /** What a kill is aimed at; from another process, so that it may miss. */
    enum Target {
        ANY,
        FORWARD_BACKWARD,
        REDUCTION,
        CHECKPOINT
    }

    /** Aims and kills, on the caller's thread. */
    static Kill make(Target target, LittleRun run, String name, WatchedFactory factory, Random random) {
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(random.nextInt(MOST_MILLIS)));
        ProcessHandle victim = target == Target.CHECKPOINT ? first(factory) : any(random);
        Watched watched = factory.of(victim);
        long begin = System.nanoTime();
        while (!isMet(target, run, name, watched) && System.nanoTime() - begin < PATIENCE.toNanos()) {
            Thread.onSpinWait();
        }
        victim.destroyForcibly();
        victim.onExit().join();
        List<String> hit = new ArrayList<>();
        hit.add(watched.phase() == Phase.REDUCTION ? "reducing" : "in forward and backward");
        if (watched.rank() == 0 && isSaving(run, name)) {
            hit.add(SAVING);
        }
        return new Kill(List.copyOf(hit));
    }

    private static ProcessHandle any(Random random) {
        List<ProcessHandle> executors = LocalCluster.executors();
        return executors.get(random.nextInt(executors.size()));
    }

    private static ProcessHandle first(WatchedFactory factory) {
        return LocalCluster.executors().stream()
                .filter(executor -> factory.of(executor).rank() == 0)
                .findFirst()
                .orElseThrow();
    }

    private static boolean isMet(Target target, LittleRun run, String name, Watched watched) {
        return switch (target) {
            case ANY -> true;
            case FORWARD_BACKWARD -> watched.phase() == Phase.FORWARD_BACKWARD;
            case REDUCTION -> watched.phase() == Phase.REDUCTION;
            case CHECKPOINT -> isSaving(run, name);
        };
    }

    /** Whether a checkpoint has no manifest yet. */
    private static boolean isSaving(LittleRun run, String name) {
        try (Stream<Path> listed = Files.list(run.checkpointDirectory(name))) {
            return listed.anyMatch(checkpoint -> !Files.exists(checkpoint.resolve("manifest.json")));
        } catch (NoSuchFileException e) {
            return false;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
