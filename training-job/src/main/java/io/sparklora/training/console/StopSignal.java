package io.sparklora.training.console;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.util.ShutdownHookManager;

/**
 * Stops the work in hand when the process is told to end (Ctrl-C, SIGTERM), and lets it wind down before Spark's own
 * shutdown takes the context away: a native call that runs while its library is torn down crashes the JVM.
 */
public final class StopSignal implements AutoCloseable {
    /** Before Spark's, which is 40 (org.apache.spark.util.ShutdownHookManager). */
    private static final int PRIORITY = 60;

    private static final Duration NOTHING_TO_SAVE = Duration.ZERO;
    private static final Duration WIND_DOWN = Duration.ofSeconds(20);
    private static final int HARD_STOP_SECONDS = 5;
    private static final Duration SPARE = Duration.ofSeconds(5);

    private final CountDownLatch ended = new CountDownLatch(1);
    private final Runnable hook;

    private StopSignal(Runnable leave, Duration grace, Runnable stop, Duration windDown) {
        hook = () -> {
            leave.run();
            if (!await(grace)) {
                stop.run();
                await(windDown);
            }
        };
    }

    private boolean await(Duration patience) {
        try {
            return ended.await(patience.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return true;
        }
    }

    /** Calls {@code stop} on a thread of its own if the process is told to end before this is closed. */
    public static StopSignal install(Runnable stop) {
        return install(new StopSignal(() -> {}, NOTHING_TO_SAVE, stop, WIND_DOWN), WIND_DOWN);
    }

    /**
     * Calls {@code leave} on a thread of its own if the process is told to end before this is closed, and then {@code stop}
     * if it is still not closed after the grace, with {@value #HARD_STOP_SECONDS} s more to wind down.
     */
    public static StopSignal install(Runnable leave, Duration grace, Runnable stop) {
        Duration hardStop = Duration.ofSeconds(HARD_STOP_SECONDS);
        return install(new StopSignal(leave, grace, stop, hardStop), grace.plus(hardStop));
    }

    private static StopSignal install(StopSignal signal, Duration longest) {
        ShutdownHookManager.get()
                .addShutdownHook(signal.hook, PRIORITY, longest.plus(SPARE).toMillis(), TimeUnit.MILLISECONDS);
        return signal;
    }

    /** Says that no native code computes any more. */
    @Override
    public void close() {
        ended.countDown();
        if (!ShutdownHookManager.get().isShutdownInProgress()) {
            ShutdownHookManager.get().removeShutdownHook(hook);
        }
    }
}
