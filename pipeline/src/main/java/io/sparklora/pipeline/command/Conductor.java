package io.sparklora.pipeline.command;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.Stage;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.run.Json;
import io.sparklora.pipeline.run.StageMain;
import io.sparklora.pipeline.run.StageResult;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.fs.Path;

/**
 * Runs the stages one after another, each as a Spark application of its own, submitted by the very command that a user
 * or a scheduler would type. Stops at the first that does not end with 0 and passes its exit status on.
 */
final class Conductor {
    private final StageMain.Context context;
    private final Submissions submissions;
    private final Installation installation;
    private final PrintWriter out;
    private final PrintWriter err;

    /** @param out where the closing screen goes; the stages inherit the process's own streams */
    Conductor(
            StageMain.Context context,
            Submissions submissions,
            Installation installation,
            PrintWriter out,
            PrintWriter err) {
        this.context = context;
        this.submissions = submissions;
        this.installation = installation;
        this.out = out;
        this.err = err;
    }

    /**
     * Runs what is not done yet, and closes with a line a stage.
     *
     * @return the exit status of the stage that ended the run, or 0
     */
    int run() {
        FinishedStages finished = new FinishedStages(context);
        List<StageResult.Summary> summaries = new ArrayList<>();
        int exitCode = ExitCode.DONE.code();
        for (Stage stage : Stage.values()) {
            Optional<FinishedStages.Finished> before = finished.find(stage);
            if (before.isPresent()) {
                out.println(stage.word() + ": already done");
                out.flush();
                summaries.add(before.get().summary());
                exitCode = before.get().exitCode().code();
            } else {
                exitCode = submit(stage);
                reported(stage).ifPresent(result -> summaries.add(result.summary()));
            }
            if (exitCode != ExitCode.DONE.code()) {
                break;
            }
        }
        close(summaries, exitCode);
        return exitCode;
    }

    /** Training that is told to end may finish its step and save it first. */
    private Duration grace(Stage stage) {
        Duration saving =
                Duration.ofSeconds(context.config().train().checkpoint().grace());
        return stage == Stage.TRAIN ? ChildProcess.GRACE.plus(saving) : ChildProcess.GRACE;
    }

    /**
     * Runs one stage, done or not: it judges that itself.
     *
     * @return its exit status
     */
    int submit(Stage stage) {
        SparkSubmit command = submissions.of(stage);
        // What an earlier attempt reported must not be taken for what this one does.
        context.storage().delete(context.layout().result(stage));
        if (isRemote(stage)) {
            say(stage, "its driver runs on the cluster, and goes on there if this command is ended");
        }
        int submitted = ChildProcess.run(command, grace(stage));
        return reported(stage)
                .map(result -> ended(stage, result, submitted))
                .orElseGet(() -> endedWithoutResult(stage, command, submitted));
    }

    /** A cluster manager that runs the driver elsewhere has statuses of its own: the result holds the stage's. */
    private int ended(Stage stage, StageResult result, int submitted) {
        if (submitted != result.exitCode()) {
            say(
                    stage,
                    (result.message().isEmpty() ? "done" : result.message()) + " (exit status " + result.exitCode()
                            + "; spark-submit's was " + submitted + ")");
        }
        return result.exitCode();
    }

    private int endedWithoutResult(Stage stage, SparkSubmit command, int submitted) {
        if (submitted != ExitCode.DONE.code()) {
            say(
                    stage,
                    "spark-submit ended with " + submitted + " and without a result; the command was\n  "
                            + command.shellLine());
            return submitted;
        }
        String what = stage.word() + " ended without a result at " + resultFile(stage);
        throw isRemote(stage)
                ? new StageFailure(
                        ExitCode.RETRYABLE,
                        what
                                + ": its driver was lost, or did not find the configuration; the cluster manager has its log")
                : new StageFailure(ExitCode.INTERNAL, what);
    }

    private boolean isRemote(Stage stage) {
        return RemoteDriver.runs(context.config().spark(), stage);
    }

    private void say(Stage stage, String what) {
        err.println("spark-lora " + stage.word() + ": " + what);
        err.flush();
    }

    /** Prints the command of every stage, one a line. */
    void printCommands() {
        for (Stage stage : Stage.values()) {
            out.println(submissions.of(stage).shellLine());
        }
        out.flush();
    }

    private Path resultFile(Stage stage) {
        return context.layout().result(stage);
    }

    private Optional<StageResult> reported(Stage stage) {
        Path file = resultFile(stage);
        return context.storage().find(file).map(bytes -> Json.parse(StageResult.class, bytes, file));
    }

    private void close(List<StageResult.Summary> summaries, int exitCode) {
        List<StageResult.Summary> lines = new ArrayList<>(summaries);
        if (exitCode == ExitCode.DONE.code()) {
            lines.add(ClosingScreen.tryIt(
                    installation.invokedAs(),
                    summaries.get(summaries.size() - 1).outcome(),
                    context.config().publish().prompt()));
        }
        out.println();
        ClosingScreen.lines(lines).forEach(out::println);
        out.flush();
    }
}
