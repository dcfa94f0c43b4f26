package io.sparklora.training.job;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.jdk.javaapi.CollectionConverters;

/**
 * Looks at the cluster while an attempt runs, and has the ranks save and stop where another attempt is better off: an
 * executor is being decommissioned, or executors that the attempt was planned without have come.
 */
final class AttemptWatch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(AttemptWatch.class);
    private static final Duration POLL = Duration.ofSeconds(1);

    /** So long new executors must have been there: a plan costs some seconds. */
    private static final Duration SETTLED = Duration.ofSeconds(10);

    private final SparkContext spark;
    private final int world;
    private final int wanted;
    private final Runnable leave;
    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(work -> {
        Thread daemon = new Thread(work, "training-attempt-watch");
        daemon.setDaemon(true);
        return daemon;
    });

    private int polls;
    private volatile Optional<String> why = Optional.empty();

    private AttemptWatch(SparkContext spark, int world, int wanted, Runnable leave) {
        this.spark = spark;
        this.world = world;
        this.wanted = wanted;
        this.leave = leave;
    }

    /**
     * Watches until it is closed.
     *
     * @param world ranks of the attempt
     * @param wanted ranks that the run would have
     * @param leave called at most once, on another thread
     */
    static AttemptWatch start(SparkContext spark, int world, int wanted, Runnable leave) {
        AttemptWatch watch = new AttemptWatch(spark, world, wanted, leave);
        if (!spark.isLocal()) {
            watch.thread.scheduleWithFixedDelay(watch::look, POLL.toMillis(), POLL.toMillis(), TimeUnit.MILLISECONDS);
        }
        return watch;
    }

    /** Why the ranks were asked to stop, if they were. */
    Optional<String> why() {
        return why;
    }

    private void look() {
        Optional<String> reason;
        try {
            reason = decommissioned().or(this::grown);
        } catch (RuntimeException e) {
            // A look that fails would be the schedule's last.
            LOG.warn("the cluster could not be looked at, tried again in {} s: {}", POLL.toSeconds(), e.toString());
            return;
        }
        if (reason.isPresent()) {
            why = reason;
            leave.run();
            thread.shutdown();
        }
    }

    private Optional<String> decommissioned() {
        return CollectionConverters.asJava(spark.getExecutorIds()).stream()
                .filter(id ->
                        spark.taskScheduler().getExecutorDecommissionState(id).isDefined())
                .findFirst()
                .map(id -> "executor " + id + " is being decommissioned");
    }

    private Optional<String> grown() {
        int come = world < wanted ? ExecutorSlots.unused(spark, world) : 0;
        polls = come > 0 ? polls + 1 : 0;
        return POLL.multipliedBy(polls).compareTo(SETTLED) >= 0
                ? Optional.of(come + (come == 1 ? " more executor has come" : " more executors have come"))
                : Optional.empty();
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }
}
