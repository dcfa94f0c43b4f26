package io.sparklora.training.job;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparklora.training.checkpoint.StepRecord;
import io.sparklora.training.checkpoint.StepRecord.Update;
import io.sparklora.training.console.LiveLine;
import io.sparklora.training.console.LiveLine.Target;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ProgressLineTest {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final LiveLine live =
            new LiveLine(new PrintStream(bytes, true, StandardCharsets.UTF_8), Target.TERMINAL, System::nanoTime);

    private List<String> shown() {
        return List.of(bytes.toString(StandardCharsets.UTF_8).strip().split("\\s*[\\r\\n]+"));
    }

    private static TimedStep step(long number, double loss, Update update) {
        return TimedSteps.of(new StepRecord(number, loss, 1e-3, 0.5, 1900, update), 4);
    }

    @Test
    void showsStepLossSpeedAndTimeLeft() {
        ProgressLine line = new ProgressLine(live, 60);
        line.stepMade(step(9, 12.345, Update.APPLIED));
        line.stepMade(step(10, 2.614, Update.APPLIED));
        line.stepMade(step(11, 0, Update.NOT_FINITE));
        assertThat(shown())
                .containsExactly(
                        "train  step 9/60  loss 12.35  512 tokens/s  ETA 3:24",
                        "train  step 10/60  loss 2.61  512 tokens/s  ETA 3:20",
                        "train  step 11/60  skipped  512 tokens/s  ETA 3:16");
    }

    @Test
    void notesTheValidationLossAndTheLowest() {
        ProgressLine line = new ProgressLine(live, 60);
        StepRecord before = validated(1, 2.5);
        line.attemptStarted(1, MetricsFileTest.after(List.of(before)));
        line.stepMade(TimedSteps.of(validated(2, 2.25), 4));
        line.stepMade(TimedSteps.of(validated(3, 2.375), 4));
        assertThat(shown().stream().filter(shown -> shown.contains("validation")))
                .containsExactly(
                        "train  step 2: validation loss 2.250",
                        "train  step 3: validation loss 2.375, the lowest is 2.250");
    }

    private static StepRecord validated(long number, double loss) {
        return new StepRecord(number, 2, 1e-3, 0.5, 1900, Update.APPLIED, Optional.of(loss));
    }

    @Test
    void showsHoursWhereThereAreSome() {
        new ProgressLine(live, 4001).stepMade(step(1, 2, Update.APPLIED));
        assertThat(shown()).containsExactly("train  step 1/4001  loss 2.00  512 tokens/s  ETA 4:26:40");
    }

    @Test
    void saysWhereItGoesOnAfterALostAttempt() {
        ProgressLine line = new ProgressLine(live, 60);
        line.attemptLost("executor 2 exited");
        StepRecord made = step(1, 2, Update.APPLIED).step();
        line.attemptStarted(2, MetricsFileTest.after(List.of(made)));
        assertThat(shown())
                .containsExactly(
                        "train  lost an attempt: executor 2 exited", "train  goes on from step 1 on 2 executors");
    }

    @Test
    void notesALossThatStandsOutAndAWayBack() {
        ProgressLine line = new ProgressLine(live, 60);
        for (int number = 1; number <= 20; number++) {
            line.stepMade(step(number, number % 2 == 0 ? 2.4 : 2.6, Update.APPLIED));
        }
        line.stepMade(step(21, 3.0, Update.APPLIED));
        line.stepMade(step(22, 9.25, Update.APPLIED));
        line.stepMade(step(23, 0, Update.ROLLED_BACK));
        assertThat(shown().stream().filter(shown -> !shown.contains("ETA")))
                .containsExactly(
                        "train  step 22: a loss of 9.25 stands out from the last steps' 2.52",
                        "train  step 23: three steps in a row without a finite gradient; the adapter goes back to an"
                                + " earlier step");
    }
}
