package io.sparklora.training.job;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparklora.training.checkpoint.StepRecord;
import io.sparklora.training.checkpoint.StepRecord.Update;
import io.sparklora.training.checkpoint.TrainingState;
import io.sparklora.training.job.ProgressLine.Target;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class ProgressLineTest {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final AtomicLong clock = new AtomicLong();

    private ProgressLine line(Target target, long steps) {
        return new ProgressLine(new PrintStream(bytes, true, StandardCharsets.UTF_8), target, steps, clock::get);
    }

    private String shown() {
        return bytes.toString(StandardCharsets.UTF_8);
    }

    private static TimedStep step(long number, double loss, Update update) {
        return new TimedStep(new StepRecord(number, loss, 1e-3, 0.5, 1900, update), 2048, 4);
    }

    @Test
    void writesOverOneLineOnATerminal() {
        try (ProgressLine line = line(Target.TERMINAL, 60)) {
            line.stepMade(step(9, 12.345, Update.APPLIED));
            line.stepMade(step(10, 2.614, Update.APPLIED));
            line.stepMade(step(11, 0, Update.NOT_FINITE));
        }
        assertThat(shown())
                .isEqualTo("\rtrain  step 9/60  loss 12.35  512 tokens/s  ETA 3:24"
                        + "\rtrain  step 10/60  loss 2.61  512 tokens/s  ETA 3:20"
                        + "\rtrain  step 11/60  skipped  512 tokens/s  ETA 3:16  "
                        + System.lineSeparator());
    }

    @Test
    void printsALineEveryFewSecondsElsewhereAndTheLast() {
        try (ProgressLine line = line(Target.LOG, 4)) {
            for (int step = 1; step <= 4; step++) {
                line.stepMade(step(step, 2, Update.APPLIED));
                clock.addAndGet(TimeUnit.SECONDS.toNanos(3));
            }
        }
        assertThat(shown().lines())
                .containsExactly(
                        "train  step 1/4  loss 2.00  512 tokens/s  ETA 0:12",
                        "train  step 3/4  loss 2.00  512 tokens/s  ETA 0:04",
                        "train  step 4/4  loss 2.00  512 tokens/s  ETA 0:00");
    }

    @Test
    void showsHoursWhereThereAreSome() {
        line(Target.LOG, 4001).stepMade(step(1, 2, Update.APPLIED));
        assertThat(shown()).contains("ETA 4:26:40");
    }

    @Test
    void saysWhereItGoesOnAfterALostAttempt() {
        ProgressLine line = line(Target.TERMINAL, 60);
        line.stepMade(step(12, 2, Update.APPLIED));
        line.attemptLost("executor 2 exited");
        TrainingState from = new TrainingState(
                1,
                1,
                new float[1],
                new float[1],
                new float[1],
                java.util.List.of(step(1, 2, Update.APPLIED).step()));
        line.attemptStarted(2, from);
        assertThat(shown().lines().skip(1))
                .endsWith("train  lost an attempt: executor 2 exited", "train  goes on from step 1 on 2 executors");
    }
}
