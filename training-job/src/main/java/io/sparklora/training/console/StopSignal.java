package io.sparklora.training.console;

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

    private static final int WAIT_SECONDS = 20;

    private final CountDownLatch ended = new CountDownLatch(1);
    private final Runnable hook;

    private StopSignal(Runnable stop) {
        hook = () -> {
            stop.run();
            try {
                ended.await(WAIT_SECONDS, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        };
    }

    /** Calls {@code stop} on a thread of its own if the process is told to end before this is closed. */
    public static StopSignal install(Runnable stop) {
        StopSignal signal = new StopSignal(stop);
        ShutdownHookManager.get().addShutdownHook(signal.hook, PRIORITY, WAIT_SECONDS + 5, TimeUnit.SECONDS);
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
