package io.sparklora.training.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.training.Warnings;
import io.sparklora.training.checkpoint.StepRecord;
import io.sparklora.training.checkpoint.StepRecord.Update;
import io.sparklora.training.collective.PortRange;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ProgressServerTest {
    private final BlockingQueue<TimedStep> seen = new LinkedBlockingQueue<>();
    private ProgressServer server;

    @BeforeEach
    void start() {
        server = ProgressServer.start(PortRange.ANY, "127.0.0.1", "127.0.0.1", seen::add);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private static TimedStep step(long number) {
        return TimedSteps.of(new StepRecord(number, 2.5, 1e-3, 0.5, 1900, Update.APPLIED), 4.25);
    }

    @Test
    void showsTheDriverEachStepInOrder() throws InterruptedException {
        try (ProgressReporter reporter = ProgressReporter.connect(server.address())) {
            for (long number = 1; number <= 100; number++) {
                reporter.report(step(number));
            }
            for (long number = 1; number <= 100; number++) {
                assertThat(seen.poll(60, TimeUnit.SECONDS)).isEqualTo(step(number));
            }
        }
    }

    @Test
    void listensOnAPortOfItsRangeThatIsFree() throws IOException {
        try (ServerSocket busy = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            int taken = busy.getLocalPort();
            try (ProgressServer other =
                    ProgressServer.start(new PortRange(taken, 40), "127.0.0.1", "127.0.0.1", seen::add)) {
                assertThat(other.address().port()).isBetween(taken + 1, taken + 39);
            }
            assertThatThrownBy(() -> ProgressServer.start(new PortRange(taken, 1), "127.0.0.1", "127.0.0.1", seen::add))
                    .hasMessageStartingWith("the driver cannot listen on 127.0.0.1, port " + taken + ": ")
                    .extracting(e -> ((StageFailure) e).exitCode())
                    .isEqualTo(ExitCode.RETRYABLE);
        }
    }

    @Test
    void asksTheReporterToLeaveWheneverItCame() {
        try (ProgressReporter before = ProgressReporter.connect(server.address())) {
            assertThat(before.leaveAsked()).isFalse();
            server.askToLeave();
            try (ProgressReporter after = ProgressReporter.connect(server.address())) {
                while (!before.leaveAsked() || !after.leaveAsked()) {
                    Thread.onSpinWait();
                }
            }
        }
    }

    @Test
    void refusesAReporterThatDoesNotKnowTheRun() throws IOException {
        try (Socket stranger =
                new Socket(InetAddress.getLoopbackAddress(), server.address().port())) {
            stranger.getOutputStream().write("guess\n{}\n".getBytes(StandardCharsets.UTF_8));
            assertThat(stranger.getInputStream().read()).isEqualTo(-1);
        }
        assertThat(seen).isEmpty();
    }

    @Test
    void hangsUpOnALineThatNeverEnds() throws IOException {
        try (Socket stranger =
                new Socket(InetAddress.getLoopbackAddress(), server.address().port())) {
            stranger.getOutputStream().write(new byte[5000]);
            stranger.setSoTimeout(10_000);
            int read;
            try {
                read = stranger.getInputStream().read();
            } catch (IOException reset) {
                read = -1;
            }
            assertThat(read).isEqualTo(-1);
        }
    }

    /** A byte now and then is no greeting. */
    @Test
    void hangsUpOnWhoGreetsTooSlowly() throws Exception {
        try (Warnings warnings = new Warnings(ProgressServer.class);
                ProgressServer impatient = ProgressServer.start(
                        PortRange.ANY, "127.0.0.1", "127.0.0.1", seen::add, Duration.ofMillis(300));
                Socket stranger = new Socket(
                        InetAddress.getLoopbackAddress(), impatient.address().port())) {
            try {
                while (true) {
                    stranger.getOutputStream().write('a');
                    Thread.sleep(20);
                }
            } catch (SocketException hungUp) {
                assertThat(warnings.seen()).singleElement().asString().endsWith("no greeting in 300 ms");
            }
        }
    }

    @Test
    void sendsAwayTheOldestOfTooManyStrangers() throws Exception {
        int tooMany = 50;
        List<Socket> strangers = new ArrayList<>();
        try (ProgressServer patient =
                ProgressServer.start(PortRange.ANY, "127.0.0.1", "127.0.0.1", seen::add, Duration.ofHours(1))) {
            for (int i = 0; i < ProgressServer.MOST_STRANGERS + tooMany; i++) {
                strangers.add(new Socket(
                        InetAddress.getLoopbackAddress(), patient.address().port()));
            }
            for (Socket stranger : strangers.subList(0, tooMany)) {
                assertThat(stranger.getInputStream().read()).isNegative();
            }
            try (ProgressReporter reporter = ProgressReporter.connect(patient.address())) {
                reporter.report(step(1));
                assertThat(seen.poll(60, TimeUnit.SECONDS)).isEqualTo(step(1));
            }
        } finally {
            for (Socket stranger : strangers) {
                stranger.close();
            }
        }
    }

    @Test
    void costsTheTrainingNothingWhereTheDriverIsGone() {
        server.close();
        try (ProgressReporter reporter = ProgressReporter.connect(server.address())) {
            for (long number = 1; number <= 5000; number++) {
                reporter.report(step(number));
            }
        }
        assertThat(seen).isEmpty();
    }
}
