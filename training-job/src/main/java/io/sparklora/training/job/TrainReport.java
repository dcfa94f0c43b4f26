package io.sparklora.training.job;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.Stage;
import io.sparklora.pipeline.adapter.AdapterManifest;
import io.sparklora.pipeline.run.StageResult;
import io.sparklora.pipeline.run.StageResult.Status;
import io.sparklora.training.checkpoint.StepRecord;
import io.sparklora.training.checkpoint.StepRecord.Update;
import io.sparklora.training.checkpoint.TrainingState;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.fs.Path;

/** Watches a run and says in the end what it came to. Thread-safe. */
final class TrainReport implements TrainingListener {
    private static final double NANOS_A_SECOND = 1e9;
    private static final double SECONDS_A_MINUTE = 60;

    private final long start = System.nanoTime();
    private int executors;
    private long tokens;
    private double stepSeconds;
    private final RankTimes rankTimes = new RankTimes();
    private int lostAttempts;

    @Override
    public synchronized void attemptStarted(int ranks, TrainingState from) {
        executors = ranks;
        rankTimes.clear();
    }

    @Override
    public synchronized void stepMade(TimedStep step) {
        tokens += step.tokens();
        stepSeconds += step.seconds();
        rankTimes.add(step);
    }

    @Override
    public synchronized void attemptLost(String why) {
        lostAttempts++;
    }

    /** The adapter was trained now, in these steps of so many that were planned. */
    synchronized StageResult done(AdapterManifest manifest, Path files, long planned, List<StepRecord> history) {
        Map<String, Double> figures = figures(manifest);
        figures.put("skipped_steps", (double)
                history.stream().filter(step -> step.update() != Update.APPLIED).count());
        figures.put("loss_spikes", (double) LossSpikes.count(history));
        String detail = String.format(
                Locale.ROOT,
                "%s on %d %s",
                steps(manifest.steps(), planned),
                executors,
                executors == 1 ? "executor" : "executors");
        if (stepSeconds > 0) {
            figures.put("tokens_per_second", tokens / stepSeconds);
            figures.put("executors", (double) executors);
            figures.put("lost_attempts", (double) lostAttempts);
            figures.putAll(rankTimes.figures());
            detail += String.format(
                    Locale.ROOT, ", %.1f min, %.0f tokens/s", seconds() / SECONDS_A_MINUTE, tokens / stepSeconds);
        }
        return result(Status.DONE, manifest, detail, figures, files);
    }

    /** The adapter had been trained before. */
    synchronized StageResult alreadyDone(AdapterManifest manifest, Path files) {
        return result(Status.ALREADY_DONE, manifest, manifest.steps() + " steps", figures(manifest), files);
    }

    private StageResult result(
            Status status, AdapterManifest manifest, String detail, Map<String, Double> figures, Path files) {
        return new StageResult(
                Stage.TRAIN,
                status,
                ExitCode.DONE.code(),
                Optional.empty(),
                "",
                new StageResult.Summary(
                        "trained",
                        detail,
                        String.format(Locale.ROOT, "loss %.2f -> %.2f", manifest.firstLoss(), manifest.lastLoss())
                                + manifest.validation()
                                        .map(TrainReport::validation)
                                        .orElse("")),
                figures,
                Map.of("adapter", files.toString()),
                seconds());
    }

    private static String steps(long made, long planned) {
        return made < planned ? made + " of " + planned + " steps (validation loss no longer fell)" : made + " steps";
    }

    private static String validation(AdapterManifest.Validation validation) {
        return String.format(Locale.ROOT, ", validation %.2f at step %d", validation.loss(), validation.step());
    }

    private static Map<String, Double> figures(AdapterManifest manifest) {
        Map<String, Double> figures = new HashMap<>();
        figures.put("steps", (double) manifest.steps());
        figures.put("trained_tokens", (double) manifest.trainedTokens());
        figures.put("parameters", (double) manifest.parameters());
        figures.put("first_loss_nats", manifest.firstLoss());
        figures.put("last_loss_nats", manifest.lastLoss());
        manifest.validation().ifPresent(validation -> {
            figures.put("validation_loss_nats", validation.loss());
            figures.put("validated_step", (double) validation.step());
        });
        return figures;
    }

    private double seconds() {
        return (System.nanoTime() - start) / NANOS_A_SECOND;
    }
}
