package io.sparklora.training.job;

import io.sparklora.pipeline.config.TrainConfig;
import io.sparklora.training.collective.PortRange;
import java.time.Duration;

/**
 * How the driver of a run deals with its cluster.
 *
 * @param executors ranks wanted, at least 1
 * @param forAll how long to wait for all of them at the start, once there is one
 * @param forFirst how long to wait for the first, at the start and when all are lost
 * @param ports where the driver listens to rank 0
 */
public record DriverSettings(int executors, Duration forAll, Duration forFirst, PortRange ports) {
    /** Where one was lost: those that come later join at a later attempt. */
    private static final Duration FOR_LOST = Duration.ofSeconds(5);

    /** What a configuration says. */
    public static DriverSettings of(TrainConfig config) {
        return new DriverSettings(
                config.executors(),
                Duration.ofSeconds(config.executorWait().all()),
                Duration.ofSeconds(config.executorWait().first()),
                PortRange.from(config.ports().driver(), config.ports().range()));
    }

    /** Waits of 20 s for all and 5 min for the first, and any port. */
    public static DriverSettings of(int executors) {
        return new DriverSettings(executors, Duration.ofSeconds(20), Duration.ofMinutes(5), PortRange.ANY);
    }

    /** The wait for an attempt's executors, the first attempt being 0. */
    ExecutorSlots slots(int attempt) {
        Duration patience = attempt == 0 || forAll.compareTo(FOR_LOST) < 0 ? forAll : FOR_LOST;
        return new ExecutorSlots(patience, forFirst);
    }
}
