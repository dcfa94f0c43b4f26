package io.sparklora.training.evaluation;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.spark.scheduler.AccumulableInfo;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerExecutorMetricsUpdate;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import scala.Tuple4;
import scala.jdk.javaapi.CollectionConverters;

/**
 * Adds up what running tasks report of an accumulator with their executors' heartbeats: an accumulator's own value
 * arrives only when a task ends.
 */
final class TaskCounts extends SparkListener {
    private final long accumulator;
    private final HeldOutJob.Progress progress;
    private final Map<Object, Long> countByTask = new ConcurrentHashMap<>();

    TaskCounts(long accumulator, HeldOutJob.Progress progress) {
        this.accumulator = accumulator;
        this.progress = progress;
    }

    @Override
    public void onExecutorMetricsUpdate(SparkListenerExecutorMetricsUpdate heartbeat) {
        for (Tuple4<Object, Object, Object, scala.collection.immutable.Seq<AccumulableInfo>> task :
                CollectionConverters.asJava(heartbeat.accumUpdates())) {
            for (AccumulableInfo info : CollectionConverters.asJava(task._4())) {
                if (info.id() == accumulator && info.update().isDefined()) {
                    countByTask.put(task._1(), ((Number) info.update().get()).longValue());
                }
            }
        }
        tell();
    }

    /** A failed attempt's losses are computed again. */
    @Override
    public void onTaskEnd(SparkListenerTaskEnd task) {
        if (!task.taskInfo().successful()) {
            countByTask.remove(task.taskInfo().taskId());
            tell();
        }
    }

    private void tell() {
        progress.computed(
                countByTask.values().stream().mapToLong(Long::longValue).sum());
    }
}
