package io.sparklora.training.collective;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.DuplexChannel;
import io.sparklora.training.collective.CollectiveException.Reason;
import io.sparklora.training.collective.Greeting.Hello;
import io.sparklora.training.collective.SharedSecret.Side;
import java.io.IOException;

/** The connecting side of a link: says hello, checks the acceptor's proof, gives its own, and then sends. */
final class SuccessorLink extends ChannelInboundHandlerAdapter {
    private final Ring ring;
    private final SharedSecret secret;
    private final Hello hello;

    SuccessorLink(Ring ring, SharedSecret secret) {
        this.ring = ring;
        this.secret = secret;
        this.hello = Hello.of(ring.place());
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        ctx.writeAndFlush(Greeting.frame(hello.bytes()));
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ByteBuf frame = (ByteBuf) message;
        try {
            if (Frame.kind(frame) == Frame.KIND_FAREWELL) {
                ring.successorLeft(Greeting.readFarewell(frame));
                return;
            }
            if (Frame.kind(frame) == Frame.KIND_REFUSAL) {
                ring.fail(refused("refused this rank: " + Greeting.readRefusal(frame)));
                return;
            }
            byte[][] nonceAndProof = Greeting.readWelcome(frame);
            if (!secret.verify(Side.ACCEPTOR, hello.bytes(), nonceAndProof[0], nonceAndProof[1])) {
                ring.fail(refused("does not know the shared secret"));
                ctx.close();
                return;
            }
            ctx.writeAndFlush(Greeting.proof(secret.prove(Side.CONNECTOR, hello.bytes(), nonceAndProof[0])));
            ring.connected((DuplexChannel) ctx.channel());
        } finally {
            frame.release();
        }
    }

    private CollectiveException refused(String how) {
        return new CollectiveException(
                Reason.REFUSED, ring.place() + ": rank " + ring.place().successor() + " " + how);
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        ring.roomChanged();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        ring.outgoingClosed();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        String tls = Tls.failure(cause);
        if (cause instanceof Error) {
            // This rank's own, such as a lack of memory for a segment.
            ring.fail(cause);
            ctx.close();
        } else if (tls != null) {
            ring.fail(refused("and this rank have no link: " + tls));
            ctx.close();
        } else if (cause instanceof IOException) {
            ctx.close();
        } else {
            ring.fail(new CollectiveException(
                    Reason.PROTOCOL,
                    ring.place() + ": rank " + ring.place().successor() + " sent bad data: " + cause.getMessage(),
                    cause));
            ctx.close();
        }
    }
}
