package io.sparklora.training.collective;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFuture;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.DuplexChannel;
import io.sparklora.training.collective.CollectiveException.Reason;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The state of one rank's two links, confined to one event loop: no locks, and every method but the constructor is
 * called there. The first failure is kept and ends everything; a later one, often only its echo, is dropped. A rank
 * that leaves tells both neighbours why, and they pass it on, so that errors name the rank that failed. It then sends
 * nothing more and reads, and drops, what still comes, until they have closed: a connection that is closed with something
 * unread is reset, and that loses the word.
 */
final class Ring {
    private static final int FAREWELL_SECONDS = 1;

    private final RingPlace place;
    private final EventLoop loop;
    private final CompletableFuture<Void> joined = new CompletableFuture<>();
    /** Segments of later operations: a predecessor may begin them while this rank still computes. */
    private final ArrayDeque<ByteBuf> parked = new ArrayDeque<>();

    private @Nullable DuplexChannel incoming;
    private @Nullable DuplexChannel outgoing;
    private @Nullable ChannelFuture lastWrite;
    private @Nullable RingOperation operation;
    private @Nullable Throwable failure;
    /** What the neighbours are told of the failure. */
    private @Nullable String farewell;
    /** Why the predecessor left, empty where it did not say; null while it is there. */
    private @Nullable String predecessorLoss;
    /** Why the successor left, empty where it did not say; null while it is there. */
    private @Nullable String successorLoss;

    Ring(RingPlace place, EventLoop loop) {
        this.place = place;
        this.loop = loop;
    }

    RingPlace place() {
        return place;
    }

    EventLoop loop() {
        return loop;
    }

    CompletableFuture<Void> joined() {
        return joined;
    }

    /** The predecessor has proved itself; false if the place is taken. */
    boolean accepted(DuplexChannel channel) {
        if (incoming != null) {
            return false;
        }
        incoming = channel;
        completeJoin();
        return true;
    }

    /** Why this rank has left; empty while it has not. */
    Optional<String> farewell() {
        return Optional.ofNullable(farewell);
    }

    /** The successor has proved itself. */
    void connected(DuplexChannel channel) {
        if (farewell != null) {
            part(channel, farewell);
            return;
        }
        outgoing = channel;
        completeJoin();
    }

    private void completeJoin() {
        if (incoming != null && outgoing != null) {
            joined.complete(null);
        }
    }

    void start(RingOperation next) {
        if (failure != null) {
            next.done().completeExceptionally(before(next, failure));
            return;
        }
        operation = next;
        failIfSuccessorIsMissed();
        if (operation != next) {
            return;
        }
        sendOwnSegments();
        while (operation == next && !parked.isEmpty() && Frame.sequence(parked.element()) <= next.sequence()) {
            take(next, parked.remove());
        }
        readOn();
        completeIfReceived();
        failIfPredecessorIsMissed();
    }

    private static Throwable before(RingOperation next, Throwable failure) {
        return failure instanceof CollectiveException broken
                ? new CollectiveException(broken.reason(), broken.getMessage() + " before " + next, broken)
                : failure;
    }

    void receive(ByteBuf frame) {
        RingOperation current = operation;
        if (failure != null) {
            frame.release();
        } else if (current == null || Frame.sequence(frame) > current.sequence()) {
            parked.add(frame);
            // What is already decoded still comes; it is bounded by the socket's receive buffer.
            frameSource().config().setAutoRead(false);
        } else {
            take(current, frame);
            completeIfReceived();
            readOn();
        }
    }

    private DuplexChannel frameSource() {
        if (incoming == null) {
            throw new IllegalStateException("a segment before the predecessor was accepted");
        }
        return incoming;
    }

    private void take(RingOperation current, ByteBuf frame) {
        try {
            if (current.accept(frame)) {
                send(frame.retain());
            }
        } catch (CollectiveException e) {
            fail(e);
        } finally {
            frame.release();
        }
    }

    /**
     * Reads on unless what comes would have to wait here: for a later operation, as what is parked, before which nothing
     * of this one comes; or in a chain for the successor.
     */
    private void readOn() {
        boolean pauses = operation != null && operation.mayPause() && outgoing != null && !outgoing.isWritable();
        if (incoming != null) {
            incoming.config().setAutoRead(parked.isEmpty() && !pauses);
        }
    }

    /** The successor's channel is full now, or has room again. */
    void roomChanged() {
        sendOwnSegments();
        readOn();
    }

    /** Own segments wait for room in the channel; segments on their way do not, or a full ring could not drain. */
    private void sendOwnSegments() {
        RingOperation current = operation;
        while (current != null && outgoing != null && current.hasOwnSegment() && outgoing.isWritable()) {
            send(current.nextOwnSegment(outgoing.alloc()));
        }
    }

    private void send(ByteBuf frame) {
        if (outgoing == null) {
            frame.release();
        } else {
            lastWrite = outgoing.writeAndFlush(frame);
        }
        completeIfReceived();
    }

    private void completeIfReceived() {
        RingOperation current = operation;
        if (current != null && current.received() && !current.hasLeftToSend()) {
            operation = null;
            current.done().complete(null);
        }
    }

    /** The predecessor says why it leaves. It has sent all that it will: it matters only to one who waits for more. */
    void predecessorLeft(String reason) {
        predecessorLoss = reason;
        failIfPredecessorIsMissed();
    }

    /** The predecessor is gone. */
    void incomingClosed() {
        if (predecessorLoss == null) {
            predecessorLoss = "";
        }
        failIfPredecessorIsMissed();
    }

    /** What it sent of an operation that has not begun here is parked, and may be all. */
    private void failIfPredecessorIsMissed() {
        String reason = predecessorLoss;
        if (reason != null && (!joined.isDone() || (operation != null && !operation.received()))) {
            missed(place.predecessor(), reason);
        }
    }

    /** The successor says why it leaves. One that has received all may: it matters only to one who has more to send. */
    void successorLeft(String reason) {
        successorLoss = reason;
        failIfSuccessorIsMissed();
    }

    /** The successor is gone. */
    void outgoingClosed() {
        if (successorLoss == null) {
            successorLoss = "";
        }
        failIfSuccessorIsMissed();
    }

    private void failIfSuccessorIsMissed() {
        String reason = successorLoss;
        if (reason != null && (!joined.isDone() || (operation != null && operation.hasLeftToSend()))) {
            missed(place.successor(), reason);
        }
    }

    private void missed(int peer, String reason) {
        if (reason.isEmpty()) {
            fail(lost(peer, "closed its connection"));
        } else {
            end(lost(peer, "left: " + reason), reason);
        }
    }

    CollectiveException lost(int peer, String how) {
        return new CollectiveException(Reason.PEER_LOST, place + ": rank " + peer + " " + how + during());
    }

    String during() {
        return operation == null ? "" : " during " + operation;
    }

    /** A failure that is found here: of the ring, or this rank's own, such as a lack of memory. */
    void fail(Throwable first) {
        end(
                first,
                first instanceof CollectiveException
                        ? String.valueOf(first.getMessage())
                        : place + " failed" + during() + ": " + first);
    }

    /** @param reason what the neighbours are told */
    private void end(Throwable first, String reason) {
        if (failure != null) {
            return;
        }
        failure = first;
        farewell = reason;
        joined.completeExceptionally(first);
        RingOperation current = operation;
        operation = null;
        part(incoming, reason);
        part(outgoing, reason);
        parked.forEach(ByteBuf::release);
        parked.clear();
        if (current != null) {
            current.done().completeExceptionally(first);
        }
    }

    /** A neighbour that does not read, or does not close, does not keep the link open. */
    private static void part(@Nullable DuplexChannel link, String reason) {
        if (link != null && link.isActive()) {
            link.pipeline().addFirst(new DropsWhatComes());
            link.config().setAutoRead(true);
            link.writeAndFlush(Greeting.farewell(reason)).addListener(said -> link.shutdownOutput());
            link.eventLoop().schedule(() -> link.close(), FAREWELL_SECONDS, TimeUnit.SECONDS);
        }
    }

    /** Says farewell once what successors still need is on the wire; the future is completed when both links are down. */
    void leave(CompletableFuture<Void> left) {
        if (lastWrite != null && failure == null) {
            lastWrite.addListener(written -> leaveNow(left));
        } else {
            leaveNow(left);
        }
    }

    private void leaveNow(CompletableFuture<Void> left) {
        String reason = place + " has left";
        end(new CollectiveException(Reason.PEER_LOST, reason + " the ring"), reason);
        CompletableFuture.allOf(down(incoming), down(outgoing)).thenRun(() -> left.complete(null));
    }

    private static CompletableFuture<Void> down(@Nullable DuplexChannel link) {
        CompletableFuture<Void> down = new CompletableFuture<>();
        if (link == null) {
            down.complete(null);
        } else {
            link.closeFuture().addListener(closed -> down.complete(null));
        }
        return down;
    }
}
