package io.sparklora.training.job;

import io.sparklora.training.checkpoint.StepRecord;
import io.sparklora.training.checkpoint.StepRecord.Update;
import io.sparklora.training.checkpoint.TrainingState;
import io.sparklora.training.console.LiveLine;
import java.util.ArrayDeque;
import java.util.Locale;

/** How far the training is, for a person. Speed and time left follow from the last steps. Thread-safe. */
final class ProgressLine implements TrainingListener {
    private static final int RECENT_STEPS = 20;
    private static final int SECONDS_A_MINUTE = 60;

    private final LiveLine out;
    private final long steps;
    private final ArrayDeque<TimedStep> recent = new ArrayDeque<>();
    private LossSpikes spikes = new LossSpikes();
    private double lowest = Double.POSITIVE_INFINITY;

    /** @param steps of the whole run */
    ProgressLine(LiveLine out, long steps) {
        this.out = out;
        this.steps = steps;
    }

    @Override
    public synchronized void attemptStarted(int executors, TrainingState from) {
        recent.clear();
        spikes = new LossSpikes();
        from.history().forEach(spikes::standsOutFrom);
        lowest = ValidationPlan.lowest(from.history())
                .flatMap(StepRecord::validationLoss)
                .orElse(Double.POSITIVE_INFINITY);
        if (from.step() > 0) {
            out.note("train  goes on from step " + from.step() + " on " + executors
                    + (executors == 1 ? " executor" : " executors"));
        }
    }

    @Override
    public synchronized void stepMade(TimedStep step) {
        recent.add(step);
        if (recent.size() > RECENT_STEPS) {
            recent.remove();
        }
        noteTrouble(step.step());
        step.straggler().ifPresent(slow -> out.note("train  step " + step.step().step() + ": " + slow));
        noteValidation(step.step());
        if (step.step().step() == steps) {
            out.showAtOnce(line(step.step()));
        } else {
            out.show(() -> line(step.step()));
        }
    }

    private void noteTrouble(StepRecord step) {
        if (step.update() == Update.ROLLED_BACK) {
            out.note("train  step " + step.step()
                    + ": three steps in a row without a finite gradient; the adapter goes back to an earlier step");
        }
        spikes.standsOutFrom(step)
                .ifPresent(usual -> out.note(String.format(
                        Locale.ROOT,
                        "train  step %d: a loss of %.2f stands out from the last steps' %.2f",
                        step.step(),
                        step.loss(),
                        usual)));
    }

    private void noteValidation(StepRecord step) {
        step.validationLoss().ifPresent(loss -> {
            out.note(String.format(
                    Locale.ROOT,
                    "train  step %d: validation loss %.3f%s",
                    step.step(),
                    loss,
                    loss < lowest ? "" : String.format(Locale.ROOT, ", the lowest is %.3f", lowest)));
            lowest = Math.min(lowest, loss);
        });
    }

    private String line(StepRecord step) {
        double seconds = recent.stream().mapToDouble(TimedStep::seconds).sum();
        long tokens = recent.stream().mapToLong(TimedStep::tokens).sum();
        double left = seconds / recent.size() * (steps - step.step());
        return String.format(
                Locale.ROOT,
                "train  step %d/%d  %s  %.0f tokens/s  ETA %s",
                step.step(),
                steps,
                step.update() == Update.APPLIED ? String.format(Locale.ROOT, "loss %.2f", step.loss()) : "skipped",
                tokens / seconds,
                clock(Math.round(left)));
    }

    private static String clock(long seconds) {
        long minutes = seconds / SECONDS_A_MINUTE;
        return minutes < SECONDS_A_MINUTE
                ? String.format(Locale.ROOT, "%d:%02d", minutes, seconds % SECONDS_A_MINUTE)
                : String.format(
                        Locale.ROOT,
                        "%d:%02d:%02d",
                        minutes / SECONDS_A_MINUTE,
                        minutes % SECONDS_A_MINUTE,
                        seconds % SECONDS_A_MINUTE);
    }

    @Override
    public synchronized void attemptLost(String why) {
        out.note("train  lost an attempt: " + why);
    }
}
