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
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The driver's end of the live progress. A connection must open with the run's token; lines are bounded; what it says
 * is only shown, never acted on. The driver says at most one thing: that the ranks are to save and stop.
 */
final class ProgressServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ProgressServer.class);
    /** What the driver says to rank 0 where the ranks are to stop after their step. */
    static final byte LEAVE = 'L';

    private static final int MAXIMUM_TOKEN_BYTES = 4096;
    /** A step of the largest world: some eleven digits for each of 4,096 ranks. */
    private static final int MAXIMUM_STEP_BYTES = 64 << 10;

    private static final int GREETING_MILLIS = 10_000;
    private static final int BACKLOG = 16;

    private final ServerSocket socket;
    private final ProgressAddress address;
    private final Consumer<TimedStep> listener;
    private final List<Socket> reporters = new ArrayList<>();
    private boolean leaveAsked;

    private ProgressServer(ServerSocket socket, ProgressAddress address, Consumer<TimedStep> listener) {
        this.socket = socket;
        this.address = address;
        this.listener = listener;
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
        try {
            InetAddress bound = InetAddress.getByName(bindAddress);
            ServerSocket socket = ports.open(port -> new ServerSocket(port, BACKLOG, bound));
            String token = UUID.randomUUID().toString();
            ProgressServer server =
                    new ProgressServer(socket, new ProgressAddress(host, socket.getLocalPort(), token), listener);
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
                daemon("training-progress-" + connection.getPort(), () -> serve(connection));
            } catch (IOException e) {
                LOG.debug("no longer listening for progress", e);
            }
        }
    }

    private void serve(Socket connection) {
        try (connection) {
            connection.setSoTimeout(GREETING_MILLIS);
            InputStream in = new BufferedInputStream(connection.getInputStream());
            if (!MessageDigest.isEqual(
                    readLine(in, MAXIMUM_TOKEN_BYTES), address.token().getBytes(StandardCharsets.UTF_8))) {
                LOG.warn("refused {}, which does not know this run", connection.getRemoteSocketAddress());
                return;
            }
            connection.setSoTimeout(0);
            admit(connection);
            Path source = new Path("progress");
            for (byte[] line = readLine(in, MAXIMUM_STEP_BYTES);
                    line.length > 0;
                    line = readLine(in, MAXIMUM_STEP_BYTES)) {
                TimedStep step = Json.parse(TimedStep.class, line, source);
                synchronized (this) {
                    listener.accept(step);
                }
            }
        } catch (IOException | StageFailure e) {
            LOG.debug("progress from {} ended", connection.getRemoteSocketAddress(), e);
        }
    }

    /** A line without its end; empty at the end of the stream. */
    private static byte[] readLine(InputStream in, int maximumBytes) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int next = in.read(); next >= 0 && next != '\n'; next = in.read()) {
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
