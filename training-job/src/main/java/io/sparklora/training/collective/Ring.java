package io.sparklora.training.collective;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.EventLoop;
import io.sparklora.training.collective.CollectiveException.Reason;
import java.util.ArrayDeque;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The state of one rank's two links, confined to one event loop: no locks, and every method but the constructor is
 * called there. The first failure is kept and ends everything; a later one, often only its echo, is dropped.
 */
final class Ring {
    private final Membership me;
    private final EventLoop loop;
    private final CompletableFuture<Void> joined = new CompletableFuture<>();
    /** Segments of the next operation: a predecessor may begin it while this rank still computes. */
    private final ArrayDeque<ByteBuf> parked = new ArrayDeque<>();

    private @Nullable Channel incoming;
    private @Nullable Channel outgoing;
    private @Nullable ChannelFuture lastWrite;
    private @Nullable RingOperation operation;
    private @Nullable CollectiveException failure;
    private boolean outgoingLost;

    Ring(Membership me, EventLoop loop) {
        this.me = me;
        this.loop = loop;
    }

    Membership me() {
        return me;
    }

    EventLoop loop() {
        return loop;
    }

    CompletableFuture<Void> joined() {
        return joined;
    }

    /** The predecessor has proved itself; false if the place is taken. */
    boolean accepted(Channel channel) {
        if (incoming != null || failure != null) {
            return false;
        }
        incoming = channel;
        completeJoin();
        return true;
    }

    /** The successor has proved itself. */
    void connected(Channel channel) {
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
            next.done()
                    .completeExceptionally(new CollectiveException(
                            failure.reason(), failure.getMessage() + " before " + next, failure));
            return;
        }
        operation = next;
        if (outgoingLost) {
            fail(lost(me.successor(), "closed its connection"));
            return;
        }
        sendOwnSegments();
        while (operation == next && !parked.isEmpty()) {
            take(next, parked.remove());
        }
        if (incoming != null) {
            incoming.config().setAutoRead(true);
        }
        completeIfReceived();
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
        }
    }

    private Channel frameSource() {
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

    /** Own segments wait for room in the channel; segments on their way do not, or a full ring could not drain. */
    void sendOwnSegments() {
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

    /** A predecessor leaves only after it has sent all, so that a wait which is still open is in vain. */
    void incomingClosed() {
        fail(lost(me.predecessor(), "closed its connection"));
    }

    /** A successor that has received all may leave first: it matters only to one who has more to send. */
    void outgoingClosed() {
        outgoingLost = true;
        if (!joined.isDone() || (operation != null && operation.hasLeftToSend())) {
            fail(lost(me.successor(), "closed its connection"));
        }
    }

    CollectiveException lost(int peer, String how) {
        return new CollectiveException(Reason.PEER_LOST, me + ": rank " + peer + " " + how + during());
    }

    String during() {
        return operation == null ? "" : " during " + operation;
    }

    void fail(CollectiveException first) {
        if (failure != null) {
            return;
        }
        failure = first;
        joined.completeExceptionally(first);
        RingOperation current = operation;
        operation = null;
        closeChannels();
        if (current != null) {
            current.done().completeExceptionally(first);
        }
    }

    /** Closes once what successors still need is on the wire; the future is completed when both links are down. */
    void leave(CompletableFuture<Void> left) {
        if (lastWrite != null && failure == null) {
            lastWrite.addListener(written -> {
                fail(new CollectiveException(Reason.PEER_LOST, me + " has left the ring"));
                left.complete(null);
            });
        } else {
            fail(new CollectiveException(Reason.PEER_LOST, me + " has left the ring"));
            left.complete(null);
        }
    }

    private void closeChannels() {
        if (incoming != null) {
            incoming.close();
        }
        if (outgoing != null) {
            outgoing.close();
        }
        parked.forEach(ByteBuf::release);
        parked.clear();
    }
}
