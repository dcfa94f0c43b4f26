package io.sparklora.training.job;

import io.sparklora.training.checkpoint.StepRecord;
import io.sparklora.training.checkpoint.StepRecord.Update;
import io.sparklora.training.checkpoint.TrainingState;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Locale;
import java.util.function.LongSupplier;

/**
 * How far the training is, for a person: one line that is written over on a terminal, and elsewhere a line every few
 * seconds. Speed and time left follow from the last steps. Thread-safe.
 */
final class ProgressLine implements TrainingListener, AutoCloseable {
    private static final long QUIET_NANOS = Duration.ofSeconds(5).toNanos();
    private static final int RECENT_STEPS = 20;
    private static final int SECONDS_A_MINUTE = 60;
    private static final Path STANDARD_ERROR = Path.of("/proc/self/fd/2");

    /** What the stream shows. */
    enum Target {
        TERMINAL,
        LOG;

        /** Standard error's: a terminal's device where the system shows it, else as far as Java can tell. */
        static Target ofStandardError() {
            try {
                String device = Files.readSymbolicLink(STANDARD_ERROR).toString();
                return device.startsWith("/dev/pts/") || device.startsWith("/dev/tty") ? TERMINAL : LOG;
            } catch (IOException | UnsupportedOperationException e) {
                return System.console() == null ? LOG : TERMINAL;
            }
        }
    }

    private final PrintStream out;
    private final Target target;
    private final long steps;
    private final LongSupplier nanoTime;
    private final ArrayDeque<TimedStep> recent = new ArrayDeque<>();
    private long lastShown;
    private int lineLength;

    /**
     * @param steps of the whole run
     * @param nanoTime as {@link System#nanoTime()}
     */
    ProgressLine(PrintStream out, Target target, long steps, LongSupplier nanoTime) {
        this.out = out;
        this.target = target;
        this.steps = steps;
        this.nanoTime = nanoTime;
        this.lastShown = nanoTime.getAsLong() - QUIET_NANOS;
    }

    @Override
    public synchronized void attemptStarted(int executors, TrainingState from) {
        recent.clear();
        if (from.step() > 0) {
            note("train  goes on from step " + from.step() + " on " + executors
                    + (executors == 1 ? " executor" : " executors"));
        }
    }

    @Override
    public synchronized void stepMade(TimedStep step) {
        recent.add(step);
        if (recent.size() > RECENT_STEPS) {
            recent.remove();
        }
        long now = nanoTime.getAsLong();
        boolean due = target == Target.TERMINAL
                || now - lastShown >= QUIET_NANOS
                || step.step().step() == steps;
        if (due) {
            lastShown = now;
            show(line(step.step()));
        }
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

    private void show(String line) {
        if (target == Target.TERMINAL) {
            out.print("\r" + line + " ".repeat(Math.max(0, lineLength - line.length())));
            lineLength = line.length();
        } else {
            out.println(line);
        }
        out.flush();
    }

    @Override
    public synchronized void attemptLost(String why) {
        note("train  lost an attempt: " + why);
    }

    private void note(String line) {
        endLine();
        out.println(line);
        out.flush();
    }

    private void endLine() {
        if (lineLength > 0) {
            out.println();
            lineLength = 0;
        }
    }

    /** Ends the line. */
    @Override
    public synchronized void close() {
        endLine();
        out.flush();
    }
}
