package io.sparklora.training.collective;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.CorruptedFrameException;
import io.netty.util.concurrent.ScheduledFuture;
import io.sparklora.training.collective.CollectiveException.Reason;
import io.sparklora.training.collective.Greeting.Hello;
import io.sparklora.training.collective.SharedSecret.Side;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The accepting side of a link. A connection may say nothing but a hello and a proof until it has shown itself to be
 * the predecessor in this attempt at this run; anyone else is refused and logged, and does the ring no harm.
 */
final class PredecessorLink extends ChannelInboundHandlerAdapter {
    private static final Logger LOG = LoggerFactory.getLogger(PredecessorLink.class);

    private final Ring ring;
    private final Antechamber antechamber;
    private final SharedSecret secret;
    private final FrameDecoder decoder;
    private final RingSettings settings;
    private final byte[] nonce = SharedSecret.nonce();
    private @Nullable Hello hello;
    private @Nullable ScheduledFuture<?> deadline;
    private boolean admitted;
    private boolean refused;

    PredecessorLink(
            Ring ring, Antechamber antechamber, SharedSecret secret, FrameDecoder decoder, RingSettings settings) {
        this.ring = ring;
        this.antechamber = antechamber;
        this.secret = secret;
        this.decoder = decoder;
        this.settings = settings;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        long millis = settings.greetingTimeout().toMillis();
        deadline = ctx.executor()
                .schedule(() -> refuse(ctx, "no greeting in " + millis + " ms"), millis, TimeUnit.MILLISECONDS);
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ByteBuf frame = (ByteBuf) message;
        if (admitted) {
            receive(frame);
            return;
        }
        try {
            if (!refused) {
                greet(ctx, frame);
            }
        } finally {
            frame.release();
        }
    }

    private void receive(ByteBuf frame) {
        if (Frame.kind(frame) == Frame.KIND_FAREWELL) {
            try {
                ring.predecessorLeft(Greeting.readFarewell(frame));
            } finally {
                frame.release();
            }
            return;
        }
        if (Frame.payloadBytes(frame) < 0 || Frame.kind(frame) != Frame.KIND_SEGMENT) {
            frame.release();
            throw new CorruptedFrameException("a frame that is no segment");
        }
        ring.receive(frame);
    }

    private void greet(ChannelHandlerContext ctx, ByteBuf frame) {
        Hello first = hello;
        if (first == null) {
            Hello said = Greeting.readHello(frame);
            RingPlace expected = ring.place().of(ring.place().predecessor());
            if (!said.isFrom(expected)) {
                refuse(
                        ctx,
                        "it is " + said.connector() + " at " + said.seat() + " where " + expected + " at "
                                + expected.seat() + " belongs");
                return;
            }
            hello = said;
            ctx.writeAndFlush(Greeting.welcome(nonce, secret.prove(Side.ACCEPTOR, said.bytes(), nonce)));
        } else if (!secret.verify(Side.CONNECTOR, first.bytes(), nonce, Greeting.readProof(frame))) {
            refuse(ctx, "it does not know the shared secret");
        } else if (ring.farewell().isPresent()) {
            refuse(ctx, ring.farewell().get(), Greeting::farewell);
        } else if (!ring.accepted((DuplexChannel) ctx.channel())) {
            refuse(ctx, "the predecessor is connected already");
        } else {
            admitted = true;
            antechamber.leave(ctx.channel());
            decoder.admitSegmentsOf(settings.segmentLongs());
            cancelDeadline();
        }
    }

    private void refuse(ChannelHandlerContext ctx, String reason) {
        refuse(ctx, reason, Greeting::refusal);
    }

    private void refuse(ChannelHandlerContext ctx, String reason, Function<String, ByteBuf> word) {
        if (refused) {
            return;
        }
        refused = true;
        ctx.channel().config().setAutoRead(false);
        LOG.warn("{} refused {}: {}", ring.place(), ctx.channel().remoteAddress(), reason);
        cancelDeadline();
        ctx.writeAndFlush(word.apply(reason)).addListener(ChannelFutureListener.CLOSE);
    }

    private void cancelDeadline() {
        if (deadline != null) {
            deadline.cancel(false);
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        cancelDeadline();
        if (admitted) {
            ring.incomingClosed();
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        String tls = Tls.failure(cause);
        String how = tls == null ? String.valueOf(cause.getMessage()) : tls;
        if (!admitted) {
            refuse(ctx, how);
            return;
        }
        if (cause instanceof Error) {
            // This rank's own, such as a lack of memory for a segment.
            ring.fail(cause);
            return;
        }
        int peer = ring.place().predecessor();
        ring.fail(
                cause instanceof IOException
                        ? ring.lost(peer, "broke its connection (" + cause.getMessage() + ")")
                        : new CollectiveException(
                                Reason.PROTOCOL,
                                ring.place() + ": rank " + peer + " sent bad data" + ring.during() + ": " + how,
                                cause));
    }
}
