package io.sparklora.dataprep;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.apache.spark.SparkThrowable;

/** What an exception out of a Spark job means to the user. */
final class SparkFailures {
    private static final List<String> BAD_INPUT =
            List.of("FAILED_READ_FILE", "CANNOT_READ_FILE_FOOTER", "TABLE_OR_VIEW_NOT_FOUND", "PATH_NOT_FOUND");
    private static final List<String> LOST = List.of("ExecutorLostFailure", "FetchFailed", "executor lost");

    private SparkFailures() {}

    /**
     * What to throw instead: a stage failure where the input or the cluster is to blame, else the exception. Spark's
     * Scala code throws checked exceptions that its methods do not declare; they are wrapped.
     */
    static RuntimeException explained(Exception e) {
        if (e instanceof StageFailure failure) {
            return failure;
        }
        Optional<StageFailure> explanation = explanation(e);
        if (explanation.isPresent()) {
            return explanation.get();
        }
        return e instanceof RuntimeException unchecked ? unchecked : new IllegalStateException(oneLine(e), e);
    }

    private static Optional<StageFailure> explanation(Exception e) {
        List<Throwable> causes = causes(e);
        Optional<Throwable> unreadable =
                causes.stream().filter(SparkFailures::isBadInput).findFirst();
        if (unreadable.isPresent()) {
            Throwable root = causes.get(causes.size() - 1);
            String detail = root == unreadable.get() ? "" : ": " + oneLine(root);
            return Optional.of(new StageFailure(ExitCode.BAD_INPUT, oneLine(unreadable.get()) + detail, e));
        }
        return causes.stream()
                .filter(cause -> LOST.stream().anyMatch(String.valueOf(cause.getMessage())::contains))
                .findFirst()
                .map(cause -> new StageFailure(ExitCode.RETRYABLE, "executors were lost: " + oneLine(cause), e));
    }

    private static boolean isBadInput(Throwable cause) {
        return cause instanceof SparkThrowable spark
                && BAD_INPUT.stream().anyMatch(Objects.requireNonNullElse(spark.getCondition(), "")::startsWith);
    }

    private static List<Throwable> causes(Throwable e) {
        List<Throwable> causes = new ArrayList<>();
        for (Throwable cause = e; cause != null && !causes.contains(cause); cause = cause.getCause()) {
            causes.add(cause);
        }
        return causes;
    }

    private static String oneLine(Throwable e) {
        String message = Objects.requireNonNullElse(e.getMessage(), e.getClass().getSimpleName());
        return message.replaceAll("\\s*\\R\\s*", "; ")
                .replaceAll("\\s*SQLSTATE: \\w+", "")
                .strip();
    }
}
