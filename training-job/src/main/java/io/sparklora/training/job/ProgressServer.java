package io.sparklora.training.job;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.run.Json;
import io.sparklora.training.collective.PortRange;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The driver's end of the live progress. A connection must open with the run's token, and soon; one stranger too many sends
 * away the one that has waited longest; lines are bounded; what a reporter says is only shown, never acted on. The driver says
 * at most one thing: that the ranks are to save and stop.
 */
final class ProgressServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ProgressServer.class);
    /** What the driver says to rank 0 where the ranks are to stop after their step. */
    static final byte LEAVE = 'L';

    private static final int MAXIMUM_TOKEN_BYTES = 4096;
    /** A step of the largest world: some eleven digits for each of 4,096 ranks. */
    private static final int MAXIMUM_STEP_BYTES = 64 << 10;

    /** For the whole token. Rank 0 says it at once. */
    private static final Duration GREETING = Duration.ofSeconds(10);

    /** Connections that have not yet said the token, a thread each. */
    static final int MOST_STRANGERS = 16;

    private static final int BACKLOG = 16;

    private final ServerSocket socket;
    private final ProgressAddress address;
    private final Consumer<TimedStep> listener;
    private final Duration greeting;
    private final Deque<Socket> strangers = new ArrayDeque<>();
    private final List<Socket> reporters = new ArrayList<>();
    private boolean leaveAsked;

    private ProgressServer(
            ServerSocket socket, ProgressAddress address, Consumer<TimedStep> listener, Duration greeting) {
        this.socket = socket;
        this.address = address;
        this.listener = listener;
        this.greeting = greeting;
    }

    /**
     * Listens on a free port.
     *
     * @param ports which ones
     * @param bindAddress what to bind, {@code spark.driver.bindAddress}
     * @param host what executors call this machine, {@code spark.driver.host}
     * @param listener called for each step, one at a time
     */
    static ProgressServer start(PortRange ports, String bindAddress, String host, Consumer<TimedStep> listener) {
        return start(ports, bindAddress, host, listener, GREETING);
    }

    static ProgressServer start(
            PortRange ports, String bindAddress, String host, Consumer<TimedStep> listener, Duration greeting) {
        try {
            InetAddress bound = InetAddress.getByName(bindAddress);
            ServerSocket socket = ports.open(port -> new ServerSocket(port, BACKLOG, bound));
            String token = UUID.randomUUID().toString();
            ProgressAddress address = new ProgressAddress(host, socket.getLocalPort(), token);
            ProgressServer server = new ProgressServer(socket, address, listener, greeting);
            daemon("training-progress-accept", server::accept);
            return server;
        } catch (IOException e) {
            throw new StageFailure(
                    ExitCode.RETRYABLE, "the driver cannot listen on " + bindAddress + ", " + e.getMessage(), e);
        }
    }

    ProgressAddress address() {
        return address;
    }

    private static void daemon(String name, Runnable work) {
        Thread thread = new Thread(work, name);
        thread.setDaemon(true);
        thread.start();
    }

    /** Asks the ranks to save their state and stop after the step that they are in; also those that connect later. */
    void askToLeave() {
        synchronized (reporters) {
            leaveAsked = true;
            reporters.forEach(ProgressServer::tellToLeave);
        }
    }

    private void admit(Socket reporter) {
        synchronized (reporters) {
            reporters.add(reporter);
            if (leaveAsked) {
                tellToLeave(reporter);
            }
        }
    }

    private static void tellToLeave(Socket reporter) {
        try {
            reporter.getOutputStream().write(LEAVE);
        } catch (IOException e) {
            LOG.debug("rank 0 has hung up", e);
        }
    }

    private void accept() {
        while (!socket.isClosed()) {
            try {
                Socket connection = socket.accept();
                enter(connection);
                daemon("training-progress-" + connection.getPort(), () -> serve(connection));
            } catch (IOException e) {
                LOG.debug("no longer listening for progress", e);
            }
        }
    }

    private void enter(Socket stranger) throws IOException {
        synchronized (strangers) {
            strangers.add(stranger);
            if (strangers.size() > MOST_STRANGERS) {
                Socket longest = strangers.remove();
                LOG.warn(
                        "refused {}: {} connections have not shown that they know this run",
                        longest.getRemoteSocketAddress(),
                        MOST_STRANGERS);
                longest.close();
            }
        }
    }

    private void leave(Socket stranger) {
        synchronized (strangers) {
            strangers.remove(stranger);
        }
    }

    private void serve(Socket connection) {
        try (connection) {
            InputStream in = new BufferedInputStream(connection.getInputStream());
            if (!greets(connection, in)) {
                return;
            }
            connection.setSoTimeout(0);
            admit(connection);
            Path source = new Path("progress");
            for (byte[] line = readLine(in::read, MAXIMUM_STEP_BYTES);
                    line.length > 0;
                    line = readLine(in::read, MAXIMUM_STEP_BYTES)) {
                TimedStep step = Json.parse(TimedStep.class, line, source);
                synchronized (this) {
                    listener.accept(step);
                }
            }
        } catch (IOException | StageFailure e) {
            LOG.debug("progress from {} ended", connection.getRemoteSocketAddress(), e);
        }
    }

    /** Whether it says the run's token in time. */
    private boolean greets(Socket connection, InputStream in) {
        long end = System.nanoTime() + greeting.toNanos();
        String why = "it does not know this run";
        try {
            byte[] said = readLine(() -> nextUntil(end, connection, in), MAXIMUM_TOKEN_BYTES);
            if (MessageDigest.isEqual(said, address.token().getBytes(StandardCharsets.UTF_8))) {
                return true;
            }
        } catch (SocketTimeoutException e) {
            why = "no greeting in " + greeting.toMillis() + " ms";
        } catch (IOException e) {
            why = e.getMessage();
        } finally {
            leave(connection);
        }
        if (!connection.isClosed()) {
            LOG.warn("refused {}: {}", connection.getRemoteSocketAddress(), why);
        }
        return false;
    }

    private static int nextUntil(long end, Socket connection, InputStream in) throws IOException {
        long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
        if (left <= 0) {
            throw new SocketTimeoutException();
        }
        connection.setSoTimeout((int) left);
        return in.read();
    }

    /** The next byte, negative at the end of the stream. */
    @FunctionalInterface
    private interface Bytes {
        int next() throws IOException;
    }

    /** A line without its end; empty at the end of the stream. */
    private static byte[] readLine(Bytes in, int maximumBytes) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int next = in.next(); next >= 0 && next != '\n'; next = in.next()) {
            if (line.size() == maximumBytes) {
                throw new IOException("a line is longer than " + maximumBytes + " bytes");
            }
            line.write(next);
        }
        return line.toByteArray();
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            LOG.debug("closing the progress listener", e);
        }
    }
}
