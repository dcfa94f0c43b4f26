package io.sparklora.training.collective;

/** A collective operation that cannot complete; the message names this rank, the peer and the step. */
public final class CollectiveException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final Reason reason;

    /** Why a ring broke, for the one who decides what to do next. */
    public enum Reason {
        /** A peer closed its connection or could not be reached: its own failure is the cause to look for. */
        PEER_LOST,
        /** A peer is connected but silent past the deadline: it may be stuck. */
        DEADLINE,
        /** A peer refused this rank, or did not prove that it belongs to the run. */
        REFUSED,
        /** A peer sent what this rank did not expect: damaged, oversized or out of step. */
        PROTOCOL,
        /** A sum left the range of a long. */
        OVERFLOW
    }

    CollectiveException(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    CollectiveException(Reason reason, String message, Throwable cause) {
        super(message, cause);
        this.reason = reason;
    }

    /** Why the ring broke. */
    public Reason reason() {
        return reason;
    }
}
