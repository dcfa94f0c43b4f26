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
 * interrupted wait leaves the ring and throws {@link CancellationException} with the thread's interrupt flag set.
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
        return ring.me().rank();
    }

    @Override
    public int world() {
        return ring.me().world();
    }

    @Override
    public void sum(long step, long[] values) {
        reduce(Reduction.SUM, step, values);
    }

    @Override
    public void max(long step, long[] values) {
        reduce(Reduction.MAX, step, values);
    }

    private void reduce(Reduction reduction, long step, long[] values) {
        if (values.length == 0) {
            return;
        }
        RingOperation operation =
                new RingOperation(ring.me(), reduction, sequence++, step, values, settings.segmentLongs());
        ring.loop().execute(() -> ring.start(operation));
        await(operation.done(), settings.stepTimeout(), operation::toString);
    }

    void awaitJoin() {
        await(ring.joined(), settings.joinTimeout(), () -> "both neighbours to join");
    }

    private void await(CompletableFuture<Void> done, Duration timeout, Supplier<String> what) {
        try {
            done.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof CollectiveException failure) {
                throw new CollectiveException(failure.reason(), String.valueOf(failure.getMessage()), failure);
            }
            throw new IllegalStateException(ring.me() + " failed while it waited for " + what.get(), e);
        } catch (TimeoutException e) {
            throw abandon(new CollectiveException(
                    Reason.DEADLINE,
                    ring.me() + " waited " + timeout.toSeconds() + " s for " + what.get() + " from rank "
                            + ring.me().predecessor(),
                    e));
        } catch (InterruptedException e) {
            abandon(new CollectiveException(Reason.PEER_LOST, ring.me() + " was interrupted", e));
            Thread.currentThread().interrupt();
            throw new CancellationException(ring.me() + " was interrupted in " + what.get());
        }
    }

    private CollectiveException abandon(CollectiveException failure) {
        ring.loop().execute(() -> ring.fail(failure));
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
