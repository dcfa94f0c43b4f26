package io.sparklora.training.collective;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.concurrent.CompletableFuture;

/**
 * One operation around a ring, as one rank sees it: its {@link Route} says which chunk of the array comes at which hop,
 * and chunks travel in segments, independently of each other. A segment that does not end here is merged into the array
 * and is on its way again, in the very buffer it came in.
 *
 * <p>Confined to the ring's event loop.
 */
final class RingOperation {
    private final RingPlace place;
    private final Route route;
    private final Reduction reduction;
    private final long sequence;
    private final long step;
    private final long[] values;
    private final int segmentLongs;
    private final int position;
    private final int size;
    private final long[] incoming;
    private final int firstHop;
    private final int lastHop;
    private final int[] nextSegment;
    private final int framesExpected;
    private final int framesToForward;
    private int framesReceived;
    private int ownSent;
    private int forwarded;
    private final CompletableFuture<Void> done = new CompletableFuture<>();

    RingOperation(
            RingPlace place,
            Route route,
            Reduction reduction,
            long sequence,
            long step,
            long[] values,
            int segmentLongs) {
        this.place = place;
        this.route = route;
        this.reduction = reduction;
        this.sequence = sequence;
        this.step = step;
        this.values = values;
        this.segmentLongs = segmentLongs;
        position = place.position();
        size = place.size();
        incoming = new long[Math.min(segmentLongs, values.length)];
        firstHop = route.firstHop(position, size);
        lastHop = route.lastHop(position, size);
        nextSegment = new int[lastHop - firstHop + 1];
        int expected = 0;
        int toForward = 0;
        for (int hop = Math.max(1, firstHop); hop <= lastHop; hop++) {
            int segments = segments(chunkAt(hop));
            expected += segments;
            toForward += route.endsAt(hop, position, size) ? 0 : segments;
        }
        framesExpected = expected;
        framesToForward = toForward;
    }

    long sequence() {
        return sequence;
    }

    CompletableFuture<Void> done() {
        return done;
    }

    /**
     * Whether to stop reading while the successor's channel has no room; not where there is nothing left for it, since a
     * successor that has had everything may have closed it.
     */
    boolean mayPause() {
        return route.mayPause() && hasLeftToSend();
    }

    boolean received() {
        return framesReceived == framesExpected;
    }

    /** True while a frame that a successor waits for has not been handed to the channel. */
    boolean hasLeftToSend() {
        return hasOwnSegment() || forwarded < framesToForward;
    }

    /** The next segment of this rank's own chunk as a frame, or none left. */
    boolean hasOwnSegment() {
        return route.begins(position) && ownSent < segments(chunkAt(0));
    }

    ByteBuf nextOwnSegment(ByteBufAllocator allocator) {
        int segment = ownSent++;
        int chunk = chunkAt(0);
        int at = start(chunk) + segment * segmentLongs;
        int longs = Math.min(segmentLongs, start(chunk + 1) - at);
        int frameBytes = Frame.PAYLOAD_AT + longs * Long.BYTES;
        ByteBuf frame = allocator.directBuffer(frameBytes, frameBytes);
        Frame.writeSegmentHeader(frame, route, reduction, sequence, step, values.length, segment, longs);
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
        if (hop < Math.max(1, firstHop) || hop > lastHop) {
            throw violation("hop must be in [" + firstHop + ", " + lastHop + "] but is " + hop);
        }
        int chunk = chunkAt(hop);
        int segment = Frame.segment(frame);
        int next = nextSegment[hop - firstHop];
        int at = start(chunk) + segment * segmentLongs;
        int longs = segment == next && segment < segments(chunk) ? Math.min(segmentLongs, start(chunk + 1) - at) : -1;
        if (longs < 0 || Frame.payloadBytes(frame) != longs * Long.BYTES) {
            throw violation("segment " + segment + " of " + Frame.payloadBytes(frame) + " bytes at hop " + hop
                    + " does not follow segment " + (next - 1) + " of " + segments(chunk));
        }
        nextSegment[hop - firstHop]++;
        framesReceived++;
        take(frame, hop, at, longs);
        if (route.endsAt(hop, position, size)) {
            return false;
        }
        Frame.setHop(frame, hop + 1);
        Frame.seal(frame);
        forwarded++;
        return true;
    }

    private void take(ByteBuf frame, int hop, int at, int longs) {
        if (!route.merges(hop, size)) {
            Frame.readPayload(frame, values, at, longs);
            return;
        }
        Frame.readPayload(frame, incoming, 0, longs);
        if (!reduction.merge(values, at, incoming, longs)) {
            throw new CollectiveException(
                    CollectiveException.Reason.OVERFLOW,
                    place + ": the sum of step " + step + " leaves the range of a long in elements " + at + " to "
                            + (at + longs - 1));
        }
        Frame.writePayload(frame, values, at, longs);
    }

    private void checkInStep(ByteBuf frame) {
        if (Frame.sequence(frame) != sequence
                || Frame.step(frame) != step
                || Frame.reduction(frame) != reduction.ordinal()
                || Frame.route(frame) != route.ordinal()
                || Frame.length(frame) != values.length) {
            throw violation("the ranks are out of step: the peer is in operation " + Frame.sequence(frame) + " (kind "
                    + Frame.reduction(frame) + ", route " + Frame.route(frame) + ", " + Frame.length(frame)
                    + " values, step " + Frame.step(frame) + ")");
        }
    }

    private CollectiveException violation(String what) {
        return new CollectiveException(
                CollectiveException.Reason.PROTOCOL,
                place + ", " + this + ", from rank " + place.predecessor() + ": " + what);
    }

    private int chunkAt(int hop) {
        return route.chunkAt(hop, position, size);
    }

    private int start(int chunk) {
        return (int) ((long) values.length * chunk / route.chunks(size));
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
