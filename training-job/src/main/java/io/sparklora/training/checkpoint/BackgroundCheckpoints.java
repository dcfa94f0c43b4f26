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
import java.util.concurrent.TimeoutException;
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
 *   <li>A write that takes long is warned of; one that takes so long that the storage must hang is given up, and that is
 *       thrown between two steps as well.
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

    /** After so long a write is warned of. */
    private static final Duration SLOW = Duration.ofMinutes(1);

    /** A write may take so long, and besides a second for every {@link #SLOWEST_BYTES_A_SECOND} of it. */
    private static final Duration LONGEST = Duration.ofMinutes(10);

    private static final long SLOWEST_BYTES_A_SECOND = 4 << 20;
    private static final Duration LOOK = Duration.ofMillis(100);

    private final Consumer<TrainingState> store;
    private final String location;
    private final CheckpointSchedule schedule;
    private final LongSupplier nanoTime;
    private final ExecutorService thread = Executors.newSingleThreadExecutor(work -> {
        Thread daemon = new Thread(work, "training-checkpoints");
        daemon.setDaemon(true);
        return daemon;
    });

    private Optional<Write> writing = Optional.empty();
    private boolean due;
    private int failures;
    private long lastTaken;
    private long notBefore;

    /**
     * @param store saves a state, such as {@link Checkpoints#save}
     * @param location where it saves it, for messages
     * @param nanoTime as {@link System#nanoTime()}
     */
    public BackgroundCheckpoints(
            Consumer<TrainingState> store, String location, CheckpointSchedule schedule, LongSupplier nanoTime) {
        this.store = store;
        this.location = location;
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
            settle(writing.get());
        }
        if (due && writing.isEmpty() && nanoTime.getAsLong() - notBefore >= 0) {
            TrainingState copy = state.get().copy();
            due = false;
            lastTaken = nanoTime.getAsLong();
            writing = Optional.of(new Write(copy));
        }
    }

    /**
     * Saves the last state, and returns when it is written.
     *
     * @throws StageFailure where it could not be
     */
    public void finish(TrainingState state) {
        writing.ifPresent(this::settle);
        Write last;
        do {
            pause(Duration.ofNanos(notBefore - nanoTime.getAsLong()));
            last = new Write(state);
            writing = Optional.of(last);
        } while (!settle(last));
    }

    /** Waits for the write and says whether it succeeded; throws where no other is to be tried. */
    private boolean settle(Write write) {
        writing = Optional.empty();
        try {
            write.await();
            failures = 0;
            return true;
        } catch (ExecutionException e) {
            failed(Objects.requireNonNull(e.getCause()));
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException("cancelled while a checkpoint was written");
        }
    }

    /** A state on its way to the storage. */
    private final class Write {
        private final long step;
        private final Duration longest;
        private final long begin = nanoTime.getAsLong();
        private final Future<?> end;
        private boolean warned;

        /** Begins it. */
        Write(TrainingState state) {
            step = state.step();
            longest = LONGEST.plusSeconds(state.mostBytes() / SLOWEST_BYTES_A_SECOND);
            end = thread.submit(() -> store.accept(state));
        }

        /** @throws StageFailure where it has taken too long */
        boolean isDone() {
            if (end.isDone()) {
                return true;
            }
            Duration taken = Duration.ofNanos(nanoTime.getAsLong() - begin);
            if (taken.compareTo(longest) >= 0) {
                end.cancel(true);
                throw new StageFailure(
                        ExitCode.RETRYABLE,
                        "the checkpoint of step " + step + " was given up: " + location + " has not taken it in "
                                + longest.toSeconds() + " s");
            }
            if (!warned && taken.compareTo(SLOW) >= 0) {
                LOG.warn(
                        "the checkpoint of step {} has been on its way to {} for {} s; it is given up after {} s",
                        step,
                        location,
                        taken.toSeconds(),
                        longest.toSeconds());
                warned = true;
            }
            return false;
        }

        /** Returns when it is done. */
        void await() throws ExecutionException, InterruptedException {
            while (!isDone()) {
                try {
                    end.get(LOOK.toMillis(), TimeUnit.MILLISECONDS);
                } catch (TimeoutException e) {
                    LOG.trace("the checkpoint of step {} is not yet written", step);
                }
            }
            end.get();
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
        long end = System.nanoTime() + PATIENCE_AT_CLOSE.toNanos();
        boolean ended = false;
        // A task that is killed may be interrupted again and again.
        while (!ended && System.nanoTime() < end) {
            try {
                ended = thread.awaitTermination(end - System.nanoTime(), TimeUnit.NANOSECONDS);
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (!ended) {
            LOG.warn("a checkpoint that takes long to write is left behind");
            thread.shutdownNow();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
