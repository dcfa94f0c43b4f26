package io.sparklora.training.job;

import io.sparklora.pipeline.run.Json;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the driver each step, a line of JSON over TCP, and hears from it whether the ranks are to stop. Spark's accumulators would arrive with the heartbeats, every ten
 * seconds. Progress is a courtesy: a driver that cannot be reached or does not read costs the training nothing but a
 * warning, since a thread of its own sends, from a bounded queue that drops what does not fit.
 */
final class ProgressReporter implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ProgressReporter.class);
    private static final int QUEUED_STEPS = 1000;
    private static final int CONNECT_MILLIS = 5_000;
    private static final int CLOSE_MILLIS = 5_000;

    private final BlockingQueue<Optional<TimedStep>> queue = new ArrayBlockingQueue<>(QUEUED_STEPS);
    private final Thread sender;
    private volatile boolean leaveAsked;

    private ProgressReporter(ProgressAddress address) {
        sender = new Thread(() -> send(address), "training-progress");
        sender.setDaemon(true);
    }

    /** Reports to the driver. */
    static ProgressReporter connect(ProgressAddress address) {
        ProgressReporter reporter = new ProgressReporter(address);
        reporter.sender.start();
        return reporter;
    }

    /** Whether the driver has asked the ranks to stop after their step. */
    boolean leaveAsked() {
        return leaveAsked;
    }

    void report(TimedStep step) {
        if (!queue.offer(Optional.of(step))) {
            LOG.debug(
                    "step {} was not reported: the driver does not read",
                    step.step().step());
        }
    }

    private void send(ProgressAddress address) {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(address.host(), address.port()), CONNECT_MILLIS);
            socket.setTcpNoDelay(true);
            Writer out = new OutputStreamWriter(socket.getOutputStream(), StandardCharsets.UTF_8);
            // At once: the driver hangs up on a caller that does not greet, and the first step can take long.
            out.write(address.token() + "\n");
            out.flush();
            listen(socket);
            for (Optional<TimedStep> step = queue.take(); step.isPresent(); step = queue.take()) {
                out.write(Json.line(step.get()) + "\n");
                out.flush();
            }
        } catch (IOException e) {
            LOG.warn("the driver at {} sees no live progress: {}", address, e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Hears the driver until the socket is closed. */
    private void listen(Socket socket) {
        Thread listener = new Thread(
                () -> {
                    try {
                        if (socket.getInputStream().read() == ProgressServer.LEAVE) {
                            leaveAsked = true;
                        }
                    } catch (IOException e) {
                        LOG.debug("the driver says nothing more", e);
                    }
                },
                "training-progress-driver");
        listener.setDaemon(true);
        listener.start();
    }

    /** Waits shortly for what is queued to be sent. */
    @Override
    public void close() {
        try {
            if (queue.offer(Optional.empty(), CLOSE_MILLIS, TimeUnit.MILLISECONDS)) {
                sender.join(CLOSE_MILLIS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        sender.interrupt();
    }
}
