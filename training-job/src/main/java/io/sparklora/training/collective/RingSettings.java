package io.sparklora.training.collective;

import java.io.Serializable;
import java.time.Duration;

/**
 * How a ring moves and waits.
 *
 * @param segmentBytes payload of a frame, a positive multiple of 8 up to 16 MiB: small enough to keep all links busy
 *     (pipelining), large enough that headers and system calls do not show
 * @param joinTimeout how long to wait for both neighbours at the start
 * @param stepTimeout how long an operation may wait for the slowest rank, its computation included
 * @param ports where a rank listens to its neighbours
 */
public record RingSettings(int segmentBytes, Duration joinTimeout, Duration stepTimeout, PortRange ports)
        implements Serializable {
    private static final int MAXIMUM_SEGMENT_BYTES = 16 << 20;
    private static final Duration LONGEST_GREETING = Duration.ofSeconds(15);

    /** 256 KiB segments, one minute to join, ten minutes a step, any port. */
    public static final RingSettings DEFAULT =
            new RingSettings(256 << 10, Duration.ofMinutes(1), Duration.ofMinutes(10));

    /** Checks the ranges. */
    public RingSettings {
        if (segmentBytes < Long.BYTES || segmentBytes > MAXIMUM_SEGMENT_BYTES || segmentBytes % Long.BYTES != 0) {
            throw new IllegalArgumentException("segmentBytes must be a multiple of 8 in [8, " + MAXIMUM_SEGMENT_BYTES
                    + "] but was " + segmentBytes);
        }
        if (joinTimeout.isNegative() || joinTimeout.isZero() || stepTimeout.isNegative() || stepTimeout.isZero()) {
            throw new IllegalArgumentException(
                    "timeouts must be positive but were " + joinTimeout + " and " + stepTimeout);
        }
    }

    /** On any port. */
    public RingSettings(int segmentBytes, Duration joinTimeout, Duration stepTimeout) {
        this(segmentBytes, joinTimeout, stepTimeout, PortRange.ANY);
    }

    /** The same on other ports. */
    public RingSettings listeningOn(PortRange other) {
        return new RingSettings(segmentBytes, joinTimeout, stepTimeout, other);
    }

    /** How long who connects has to show that it is the predecessor. */
    Duration greetingTimeout() {
        return joinTimeout.compareTo(LONGEST_GREETING) < 0 ? joinTimeout : LONGEST_GREETING;
    }

    int segmentLongs() {
        return segmentBytes / Long.BYTES;
    }
}
