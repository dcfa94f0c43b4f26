package io.sparklora.training.collective;

import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.handler.ssl.SslContext;
import java.util.Optional;

/** Makes a link of each connection that comes through the door, the predecessor's and the strangers'. */
final class PredecessorLinks extends ChannelInitializer<Channel> {
    private static final int RECEIVE_BUFFER_BYTES = 128 << 10;

    private final Ring ring;
    private final SharedSecret secret;
    private final RingSettings settings;
    private volatile Optional<SslContext> tls = Optional.empty();

    PredecessorLinks(Ring ring, SharedSecret secret, RingSettings settings) {
        this.ring = ring;
        this.secret = secret;
        this.settings = settings;
    }

    /** For the connections that are taken from now on. */
    void protect(Optional<SslContext> context) {
        tls = context;
    }

    @Override
    protected void initChannel(Channel channel) {
        // As an option it has another name in Netty 4.1, which Spark 4.0 brings.
        channel.config().setRecvByteBufAllocator(new FixedRecvByteBufAllocator(RECEIVE_BUFFER_BYTES));
        tls.ifPresent(context ->
                channel.pipeline().addLast(Tls.handler(context, channel.alloc(), settings.greetingTimeout())));
        FrameDecoder decoder = new FrameDecoder();
        channel.pipeline().addLast(decoder, new PredecessorLink(ring, secret, decoder, settings));
    }
}
