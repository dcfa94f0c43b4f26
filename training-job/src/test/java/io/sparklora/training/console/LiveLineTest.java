package io.sparklora.training.console;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparklora.training.console.LiveLine.Target;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

final class LiveLineTest {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final AtomicLong clock = new AtomicLong();

    private LiveLine line(Target target) {
        return new LiveLine(new PrintStream(bytes, true, StandardCharsets.UTF_8), target, clock::get);
    }

    private String printed() {
        return bytes.toString(StandardCharsets.UTF_8).replace(System.lineSeparator(), "\n");
    }

    @Test
    void writesOverItselfOnATerminal() {
        try (LiveLine line = line(Target.TERMINAL)) {
            line.show(() -> "step 9 of 10");
            line.show(() -> "done");
        }

        assertThat(printed()).isEqualTo("\rstep 9 of 10\rdone        \n");
    }

    @Test
    void printsALineEveryFiveSecondsInALog() {
        try (LiveLine line = line(Target.LOG)) {
            for (int second = 0; second <= 11; second++) {
                int step = second;
                clock.set(TimeUnit.SECONDS.toNanos(second));
                line.show(() -> "step " + step);
            }
            line.showAtOnce("done");
        }

        assertThat(printed()).isEqualTo("step 0\nstep 5\nstep 10\ndone\n");
    }

    @Test
    void printsNothingTwiceInALog() {
        try (LiveLine line = line(Target.LOG)) {
            line.show(() -> "batch 0");
            clock.set(TimeUnit.SECONDS.toNanos(6));
            line.show(() -> "batch 0");
            line.show(() -> "batch 1");
        }

        assertThat(printed()).isEqualTo("batch 0\nbatch 1\n");
    }

    @Test
    void keepsANoteBelowTheLine() {
        try (LiveLine line = line(Target.TERMINAL)) {
            line.show(() -> "step 1");
            line.note("lost an executor");
            line.show(() -> "step 2");
        }

        assertThat(printed()).isEqualTo("\rstep 1\nlost an executor\n\rstep 2\n");
    }
}
