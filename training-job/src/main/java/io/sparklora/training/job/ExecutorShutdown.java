package io.sparklora.training.job;

import io.sparklora.training.console.StopSignal;
import java.time.Duration;
import java.util.Optional;
import org.apache.spark.SparkEnv;

/**
 * Notices that the executor's process was told to end (SIGTERM, which cluster managers send to preempt), and keeps it until
 * the rank has left, for a grace. In local mode the process is the driver's, which has a {@link StopSignal} of its own.
 */
final class ExecutorShutdown implements AutoCloseable {
    /** What Spark calls the executor that is the driver. */
    private static final String DRIVER = "driver";

    private final Optional<StopSignal> signal;
    private volatile boolean begun;

    private ExecutorShutdown(Duration grace) {
        boolean own = !SparkEnv.get().executorId().equals(DRIVER);
        signal = own ? Optional.of(StopSignal.install(() -> begun = true, grace, () -> {})) : Optional.empty();
    }

    static ExecutorShutdown watch(Duration grace) {
        return new ExecutorShutdown(grace);
    }

    /** Whether the process is to end. */
    boolean begun() {
        return begun;
    }

    /** The rank has left. */
    @Override
    public void close() {
        signal.ifPresent(StopSignal::close);
    }
}
