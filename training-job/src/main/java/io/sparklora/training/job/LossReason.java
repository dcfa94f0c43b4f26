package io.sparklora.training.job;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Why Spark gave a barrier stage up, as a line for a person. Spark's message says in its first line that the stage failed,
 * and why in its second; of an executor that ended, the cluster manager says with which status.
 */
final class LossReason {
    private static final Pattern EXECUTOR =
            Pattern.compile("ExecutorLostFailure \\(executor (\\S+) .*?\\) Reason: (.*)");
    private static final Pattern STATUS = Pattern.compile("(?i)(?:code|status):? ?(\\d+)");

    /** Of Spark's own, where the heap is full: org.apache.spark.util.SparkExitCode.OOM. */
    private static final int OUT_OF_HEAP = 52;

    /** 128 + SIGKILL: what the kernel and cluster managers send where a process or container has no memory left. */
    private static final int KILLED = 137;

    private static final String ECHO = "finished unsuccessfully.";

    private LossReason() {}

    /** One line. */
    static String of(Exception e) {
        String message = e.getMessage();
        if (message == null || message.isBlank()) {
            return e.toString();
        }
        List<String> lines = message.lines().toList();
        for (String line : lines) {
            Matcher executor = EXECUTOR.matcher(line);
            if (executor.find()) {
                return "executor " + executor.group(1) + " was lost: " + executor.group(2) + advice(executor.group(2));
            }
        }
        return lines.get(0).endsWith(ECHO) && lines.size() > 1 ? lines.get(1) : lines.get(0);
    }

    private static String advice(String reason) {
        Matcher status = STATUS.matcher(reason);
        int code = status.find() ? Integer.parseInt(status.group(1)) : 0;
        if (code == OUT_OF_HEAP) {
            return "; its heap was full: raise spark.executor.memory";
        }
        if (code == KILLED || (reason.contains("exceeding") && reason.contains("memory"))) {
            return "; so ends a process whose host or container has no memory left, unless someone killed it:"
                    + " raise spark.executor.memoryOverhead, or train smaller micro-batches";
        }
        return "";
    }
}
