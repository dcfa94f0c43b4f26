package io.sparklora.training.collective;

import io.sparklora.training.collective.CollectiveEndpoint.Address;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A wire before a rank's door that turns one bit over. Bytes are numbered from 0 in the order in which they pass, in
 * either direction.
 */
public final class DamagedWire implements AutoCloseable {
    /** No byte. */
    public static final long NONE = Long.MAX_VALUE;

    private static final int BUFFER_BYTES = 8192;

    private final Address target;
    private final ServerSocket door;
    private final long damagedByte;
    private final int bit;
    private final AtomicLong passed = new AtomicLong();
    private final ExecutorService threads = Executors.newCachedThreadPool(work -> {
        Thread daemon = new Thread(work, "damaged-wire");
        daemon.setDaemon(true);
        return daemon;
    });

    /**
     * Opens it.
     *
     * @param damagedByte {@link #NONE} for a wire that is whole
     * @param bit in [0, 8)
     */
    public DamagedWire(Address target, long damagedByte, int bit) throws IOException {
        this.target = target;
        this.door = new ServerSocket(0, 1, InetAddress.getByName(target.host()));
        this.damagedByte = damagedByte;
        this.bit = bit;
        threads.execute(this::carry);
    }

    /** Where the rank is reached through this wire. */
    public Address address() {
        return new Address(target.host(), List.of(door.getLocalPort()), target.fingerprint());
    }

    private void carry() {
        try {
            while (true) {
                Socket near = door.accept();
                Socket far = new Socket(target.host(), target.ports().get(0));
                threads.execute(() -> pass(near, far));
                threads.execute(() -> pass(far, near));
            }
        } catch (IOException e) {
            close();
        }
    }

    private void pass(Socket from, Socket to) {
        byte[] bytes = new byte[BUFFER_BYTES];
        try {
            for (int count = from.getInputStream().read(bytes);
                    count >= 0;
                    count = from.getInputStream().read(bytes)) {
                damage(bytes, count);
                to.getOutputStream().write(bytes, 0, count);
            }
            to.shutdownOutput();
        } catch (IOException e) {
            cut(from);
            cut(to);
        }
    }

    private void damage(byte[] bytes, int count) {
        long first = passed.getAndAdd(count);
        if (damagedByte >= first && damagedByte < first + count) {
            bytes[(int) (damagedByte - first)] ^= (byte) (1 << bit);
        }
    }

    private static void cut(Socket end) {
        try {
            end.close();
        } catch (IOException e) {
            throw new IllegalStateException("a socket that cannot be closed", e);
        }
    }

    @Override
    public void close() {
        try {
            door.close();
        } catch (IOException e) {
            throw new IllegalStateException("a door that cannot be closed", e);
        }
        threads.shutdown();
    }
}
