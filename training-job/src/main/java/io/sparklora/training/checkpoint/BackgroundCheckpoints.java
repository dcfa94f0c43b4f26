package io.sparklora.training.checkpoint;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Saves a run's state on a thread of its own: the steps wait for a copy of adapter and moments and for nothing else.
 *
 * <ul>
 *   <li>One checkpoint is written at a time, so that there is one copy. What falls due meanwhile is taken after the first
 *       step that finds the thread free.
 *   <li>A write that the storage fails is followed by one of a later step, after a pause; the third failure in a row is
 *       thrown between two steps. Any other failure is thrown at once.
 *   <li>The last state is written before {@link #finish} returns.
 * </ul>
 *
 * <p>Used by one thread.
 */
public final class BackgroundCheckpoints implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(BackgroundCheckpoints.class);

    /** Before the second and the third try. */
    private static final List<Duration> PAUSES = List.of(Duration.ofSeconds(1), Duration.ofSeconds(5));

    private static final Duration PATIENCE_AT_CLOSE = Duration.ofSeconds(5);

    private final Consumer<TrainingState> store;
    private final CheckpointSchedule schedule;
    private final LongSupplier nanoTime;
    private final ExecutorService thread = Executors.newSingleThreadExecutor(work -> {
        Thread daemon = new Thread(work, "training-checkpoints");
        daemon.setDaemon(true);
        return daemon;
    });

    private Optional<Future<?>> writing = Optional.empty();
    private boolean due;
    private int failures;
    private long lastTaken;
    private long notBefore;

    /**
     * @param store saves a state, such as {@link Checkpoints#save}
     * @param nanoTime as {@link System#nanoTime()}
     */
    public BackgroundCheckpoints(Consumer<TrainingState> store, CheckpointSchedule schedule, LongSupplier nanoTime) {
        this.store = store;
        this.schedule = schedule;
        this.nanoTime = nanoTime;
        this.lastTaken = nanoTime.getAsLong();
        this.notBefore = lastTaken;
    }

    /**
     * Takes a checkpoint if one is due and the one before is written.
     *
     * @param step steps made
     * @param state gives the state after them, which is copied
     * @throws StageFailure where saving failed for good
     */
    public void betweenSteps(long step, Supplier<TrainingState> state) {
        due |= schedule.isDue(step, Duration.ofNanos(nanoTime.getAsLong() - lastTaken));
        if (writing.isPresent() && writing.get().isDone()) {
            settle();
        }
        if (due && writing.isEmpty() && nanoTime.getAsLong() - notBefore >= 0) {
            TrainingState copy = state.get().copy();
            due = false;
            lastTaken = nanoTime.getAsLong();
            writing = Optional.of(thread.submit(() -> store.accept(copy)));
        }
    }

    /**
     * Saves the last state, and returns when it is written.
     *
     * @throws StageFailure where it could not be
     */
    public void finish(TrainingState state) {
        if (writing.isPresent()) {
            settle();
        }
        do {
            pause(Duration.ofNanos(notBefore - nanoTime.getAsLong()));
            writing = Optional.of(thread.submit(() -> store.accept(state)));
        } while (!settle());
    }

    /** Waits for the write and says whether it succeeded; throws where no other is to be tried. */
    private boolean settle() {
        try {
            writing.orElseThrow().get();
            failures = 0;
            return true;
        } catch (ExecutionException e) {
            failed(Objects.requireNonNull(e.getCause()));
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException("cancelled while a checkpoint was written");
        } finally {
            writing = Optional.empty();
        }
    }

    private void failed(Throwable cause) {
        if (!(cause instanceof StageFailure failure) || failure.exitCode() != ExitCode.RETRYABLE) {
            throw cause instanceof RuntimeException unexpected ? unexpected : new IllegalStateException(cause);
        }
        if (failures == PAUSES.size()) {
            throw new StageFailure(
                    ExitCode.RETRYABLE,
                    "no checkpoint could be saved, " + (failures + 1) + " times in a row: " + failure.getMessage(),
                    failure);
        }
        Duration pause = PAUSES.get(failures++);
        LOG.warn("a checkpoint was not saved, tried again in {} s: {}", pause.toSeconds(), failure.getMessage());
        notBefore = nanoTime.getAsLong() + pause.toNanos();
        due = true;
    }

    private static void pause(Duration duration) {
        try {
            Thread.sleep(Math.max(0, duration.toMillis()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException("cancelled before a checkpoint was tried again");
        }
    }

    /** Lets a write that is under way come to its end, for a while; an interrupt is kept for later. */
    @Override
    public void close() {
        thread.shutdown();
        boolean interrupted = Thread.interrupted();
        try {
            if (!thread.awaitTermination(PATIENCE_AT_CLOSE.toMillis(), TimeUnit.MILLISECONDS)) {
                LOG.warn("a checkpoint that takes long to write is left behind");
                thread.shutdownNow();
            }
        } catch (InterruptedException e) {
            interrupted = true;
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
