package io.sparklora.training.collective;

import io.sparklora.training.collective.CollectiveException.Reason;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

/**
 * The caller's side of a {@link Ring}: hands operations to its event loop and waits for them, with a deadline. An
 * interrupted wait leaves the ring and throws {@link CancellationException} with the thread's interrupt flag set. Where
 * the event loop runs out of memory, the caller gets that very {@link OutOfMemoryError}.
 */
final class RingCollective implements Collective {
    private static final Duration LEAVE_TIMEOUT = Duration.ofSeconds(10);

    private final Ring ring;
    private final RingEndpoint endpoint;
    private final RingSettings settings;
    private long sequence;

    RingCollective(Ring ring, RingEndpoint endpoint, RingSettings settings) {
        this.ring = ring;
        this.endpoint = endpoint;
        this.settings = settings;
    }

    @Override
    public int rank() {
        return ring.place().me().rank();
    }

    @Override
    public int world() {
        return ring.place().me().world();
    }

    @Override
    public void sum(long step, long[] values) {
        run(Route.ALL_REDUCE, Reduction.SUM, step, values, Deadline.in(settings.stepTimeout()));
    }

    @Override
    public void max(long step, long[] values) {
        run(Route.ALL_REDUCE, Reduction.MAX, step, values, Deadline.in(settings.stepTimeout()));
    }

    /** Takes part in one operation. */
    void run(Route route, Reduction reduction, long step, long[] values, Deadline deadline) {
        if (values.length == 0) {
            return;
        }
        RingOperation operation =
                new RingOperation(ring.place(), route, reduction, sequence++, step, values, settings.segmentLongs());
        ring.loop().execute(() -> start(operation));
        await(operation.done(), deadline, operation::toString);
    }

    /** The event loop would only log what is thrown there. */
    private void start(RingOperation operation) {
        try {
            ring.start(operation);
        } catch (RuntimeException | Error e) {
            ring.fail(e);
        }
    }

    void awaitJoin() {
        await(ring.joined(), Deadline.in(settings.joinTimeout()), () -> "both neighbours to join");
    }

    private void await(CompletableFuture<Void> done, Deadline deadline, Supplier<String> what) {
        try {
            done.get(deadline.nanosLeft(), TimeUnit.NANOSECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof CollectiveException failure) {
                throw new CollectiveException(failure.reason(), String.valueOf(failure.getMessage()), failure);
            }
            if (e.getCause() instanceof Error own) {
                throw own;
            }
            throw new IllegalStateException(ring.place() + " failed while it waited for " + what.get(), e);
        } catch (TimeoutException e) {
            throw abandon(new CollectiveException(
                    Reason.DEADLINE,
                    ring.place() + " waited " + deadline.limit().toSeconds() + " s for " + what.get() + " from rank "
                            + ring.place().predecessor(),
                    e));
        } catch (InterruptedException e) {
            abandon(new CollectiveException(Reason.PEER_LOST, ring.place() + " was interrupted", e));
            Thread.currentThread().interrupt();
            throw new CancellationException(ring.place() + " was interrupted in " + what.get());
        }
    }

    /** Leaves the ring for a reason that the others are told. */
    <T extends Throwable> T abandon(T failure) {
        if (!ring.loop().isShuttingDown()) {
            ring.loop().execute(() -> ring.fail(failure));
        }
        return failure;
    }

    @Override
    public void close() {
        CompletableFuture<Void> left = new CompletableFuture<>();
        if (!ring.loop().isShuttingDown()) {
            ring.loop().execute(() -> ring.leave(left));
            left.completeOnTimeout(null, LEAVE_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)
                    .join();
        }
        endpoint.close();
    }
}
