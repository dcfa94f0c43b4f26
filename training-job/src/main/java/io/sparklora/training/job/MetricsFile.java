package io.sparklora.training.job;

import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.run.Json;
import io.sparklora.pipeline.run.Storage;
import io.sparklora.training.checkpoint.StepRecord;
import io.sparklora.training.checkpoint.TrainingState;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The run's metrics as JSON lines, for dashboards: a line a step in their order, whatever attempts it took. Object
 * stores cannot append, so the file is replaced every few seconds and at the end. Metrics are a courtesy: a storage that
 * refuses them costs a warning. Thread-safe.
 */
final class MetricsFile implements TrainingListener, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(MetricsFile.class);
    private static final long QUIET_NANOS = Duration.ofSeconds(5).toNanos();

    private final Storage storage;
    private final Path path;
    private final SortedMap<Long, MetricsLine> lines = new TreeMap<>();
    private long lastWritten = System.nanoTime();

    /** Continues the file that an earlier process left, if it is there. */
    MetricsFile(Storage storage, Path path) {
        this.storage = storage;
        this.path = path;
        try {
            if (storage.exists(path)) {
                new String(storage.read(path), StandardCharsets.UTF_8).lines().forEach(this::restore);
            }
        } catch (StageFailure e) {
            LOG.warn("{} is started anew: {}", path, e.getMessage());
        }
    }

    private void restore(String line) {
        MetricsLine metrics = Json.parse(MetricsLine.class, line.getBytes(StandardCharsets.UTF_8), path);
        lines.put(metrics.step(), metrics);
    }

    /** Steps after the state will be made again; steps before it that no one saw are taken from its history. */
    @Override
    public synchronized void attemptStarted(int executors, TrainingState from) {
        lines.tailMap(from.step() + 1).clear();
        for (StepRecord step : from.history()) {
            lines.putIfAbsent(step.step(), MetricsLine.unseen(step));
        }
    }

    @Override
    public synchronized void stepMade(TimedStep step) {
        lines.put(step.step().step(), MetricsLine.of(step));
        if (System.nanoTime() - lastWritten >= QUIET_NANOS) {
            write();
        }
    }

    @Override
    public void attemptLost(String why) {}

    private void write() {
        StringBuilder text = new StringBuilder();
        lines.values().forEach(line -> text.append(Json.line(line)).append('\n'));
        try {
            storage.replace(path, text.toString().getBytes(StandardCharsets.UTF_8));
        } catch (StageFailure e) {
            LOG.warn("the metrics were not written: {}", e.getMessage());
        }
        lastWritten = System.nanoTime();
    }

    /** Writes what is known. */
    @Override
    public synchronized void close() {
        if (!lines.isEmpty()) {
            write();
        }
    }
}
