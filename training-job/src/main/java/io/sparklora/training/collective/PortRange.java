package io.sparklora.training.collective;

import java.io.IOException;
import java.io.Serializable;
import java.net.BindException;

/**
 * Ports to listen on, of which the first free one is taken.
 *
 * @param first the first one; 0 for any free port
 * @param count how many there are, at least 1; 1 where the first is 0
 */
public record PortRange(int first, int count) implements Serializable {
    /** Whichever port the operating system gives. */
    public static final PortRange ANY = new PortRange(0, 1);

    private static final int LAST_PORT = 65535;

    /** Checks the ranges. */
    public PortRange {
        boolean isAny = first == 0 && count == 1;
        if (!isAny && (first < 1 || count < 1 || count > LAST_PORT - first + 1)) {
            throw new IllegalArgumentException("no ports: " + count + " from " + first + " on");
        }
    }

    /** So many from {@code first} on; any port where that is 0. */
    public static PortRange from(int first, int count) {
        return first == 0 ? ANY : new PortRange(first, count);
    }

    /** Opens what listens. */
    @FunctionalInterface
    public interface Opening<D> {
        /**
         * Opens it on one port.
         *
         * @throws BindException where the port is taken
         */
        D at(int port) throws IOException;
    }

    /**
     * Opens a door on the first port that is free.
     *
     * @throws IOException if none is, or the door cannot be opened for another reason
     */
    public <D> D open(Opening<D> opening) throws IOException {
        int last = first + count - 1;
        for (int port = first; ; port++) {
            try {
                return opening.at(port);
            } catch (BindException e) {
                if (port == last) {
                    throw new IOException(this + ": " + e.getMessage(), e);
                }
            }
        }
    }

    @Override
    public String toString() {
        if (first == 0) {
            return "any port";
        }
        return count == 1 ? "port " + first : "ports " + first + " to " + (first + count - 1);
    }
}
