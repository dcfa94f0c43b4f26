package io.sparklora.training.collective;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.concurrent.CompletableFuture;

/**
 * One all-reduce around the ring, as one rank sees it: reduce-scatter, then all-gather (Patarasuk and Yuan, Bandwidth
 * optimal all-reduce algorithms for clusters of workstations, JPDC 2009), in segments that travel independently.
 *
 * <p>The array is cut into one chunk a rank. Rank r sends its own chunk r at hop 1. What arrives at hop h belongs to
 * chunk r - h: for h &lt; world it is merged into the array, from then on it is final and replaces the array's; and it
 * travels on as hop h + 1 until hop 2 (world - 1). So each rank sends and receives 2 (world - 1) / world of the
 * array, and a segment is on its way again as soon as it has been merged, in the very buffer it came in.
 *
 * <p>Confined to the ring's event loop.
 */
final class RingOperation {
    private final Membership me;
    private final Reduction reduction;
    private final long sequence;
    private final long step;
    private final long[] values;
    private final int segmentLongs;
    private final long[] incoming;
    private final int[] nextSegment;
    private final int lastHop;
    private final int framesExpected;
    private int framesReceived;
    private int ownSent;
    private int forwarded;
    private final CompletableFuture<Void> done = new CompletableFuture<>();

    RingOperation(Membership me, Reduction reduction, long sequence, long step, long[] values, int segmentLongs) {
        this.me = me;
        this.reduction = reduction;
        this.sequence = sequence;
        this.step = step;
        this.values = values;
        this.segmentLongs = segmentLongs;
        incoming = new long[Math.min(segmentLongs, values.length)];
        lastHop = 2 * (me.world() - 1);
        nextSegment = new int[lastHop + 1];
        int expected = 0;
        for (int hop = 1; hop <= lastHop; hop++) {
            expected += segments(chunkAt(hop));
        }
        framesExpected = expected;
    }

    long sequence() {
        return sequence;
    }

    CompletableFuture<Void> done() {
        return done;
    }

    boolean received() {
        return framesReceived == framesExpected;
    }

    /** True while a frame that a successor waits for has not been handed to the channel. */
    boolean hasLeftToSend() {
        return ownSent < segments(me.rank()) || forwarded < framesExpected - segments(chunkAt(lastHop));
    }

    /** The next segment of this rank's own chunk as a frame, or none left. */
    boolean hasOwnSegment() {
        return ownSent < segments(me.rank());
    }

    ByteBuf nextOwnSegment(ByteBufAllocator allocator) {
        int segment = ownSent++;
        int at = start(me.rank()) + segment * segmentLongs;
        int longs = Math.min(segmentLongs, start(me.rank() + 1) - at);
        int frameBytes = Frame.PAYLOAD_AT + longs * Long.BYTES;
        ByteBuf frame = allocator.directBuffer(frameBytes, frameBytes);
        Frame.writeSegmentHeader(frame, reduction, sequence, step, values.length, segment, longs);
        Frame.setHop(frame, 1);
        Frame.writePayload(frame, values, at, longs);
        return Frame.seal(frame);
    }

    /**
     * Takes one received segment into the array.
     *
     * @return true if the frame, rewritten, must travel on to the successor
     */
    boolean accept(ByteBuf frame) {
        checkInStep(frame);
        int hop = Frame.hop(frame);
        if (hop < 1 || hop > lastHop) {
            throw violation("hop must be in [1, " + lastHop + "] but is " + hop);
        }
        int chunk = chunkAt(hop);
        int segment = Frame.segment(frame);
        int at = start(chunk) + segment * segmentLongs;
        int longs = segment == nextSegment[hop] && segment < segments(chunk)
                ? Math.min(segmentLongs, start(chunk + 1) - at)
                : -1;
        if (longs < 0 || Frame.payloadBytes(frame) != longs * Long.BYTES) {
            throw violation("segment " + segment + " of " + Frame.payloadBytes(frame) + " bytes at hop " + hop
                    + " does not follow segment " + (nextSegment[hop] - 1) + " of " + segments(chunk));
        }
        nextSegment[hop]++;
        framesReceived++;
        take(frame, hop, at, longs);
        if (hop == lastHop) {
            return false;
        }
        Frame.setHop(frame, hop + 1);
        Frame.seal(frame);
        forwarded++;
        return true;
    }

    private void take(ByteBuf frame, int hop, int at, int longs) {
        if (hop >= me.world()) {
            Frame.readPayload(frame, values, at, longs);
            return;
        }
        Frame.readPayload(frame, incoming, 0, longs);
        if (!reduction.merge(values, at, incoming, longs)) {
            throw new CollectiveException(
                    CollectiveException.Reason.OVERFLOW,
                    me + ": the sum of step " + step + " leaves the range of a long in elements " + at + " to "
                            + (at + longs - 1));
        }
        Frame.writePayload(frame, values, at, longs);
    }

    private void checkInStep(ByteBuf frame) {
        if (Frame.sequence(frame) != sequence
                || Frame.step(frame) != step
                || Frame.reduction(frame) != reduction.ordinal()
                || Frame.length(frame) != values.length) {
            throw violation("the ranks are out of step: the peer is in operation " + Frame.sequence(frame) + " (kind "
                    + Frame.reduction(frame) + ", " + Frame.length(frame) + " values, step " + Frame.step(frame) + ")");
        }
    }

    private CollectiveException violation(String what) {
        return new CollectiveException(
                CollectiveException.Reason.PROTOCOL,
                me + ", " + this + ", from rank " + me.predecessor() + ": " + what);
    }

    private int chunkAt(int hop) {
        return Math.floorMod(me.rank() - hop, me.world());
    }

    private int start(int chunk) {
        return (int) ((long) values.length * chunk / me.world());
    }

    private int segments(int chunk) {
        return (start(chunk + 1) - start(chunk) + segmentLongs - 1) / segmentLongs;
    }

    @Override
    public String toString() {
        return reduction + " of " + values.length + " values (operation " + sequence + ", step " + step + ", received "
                + framesReceived + " of " + framesExpected + " segments)";
    }
}
