package io.sparklora.training.collective;

import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.group.ChannelGroup;
import io.netty.handler.ssl.SslContext;
import java.util.Optional;

/** Makes a link of each connection that comes through the door, the predecessor's and the strangers'. */
final class PredecessorLinks extends ChannelInitializer<Channel> {
    private static final int LEAST_RECEIVE_BYTES = 512;
    /** Room for any greeting; who sends segments soon has the most. */
    private static final int FIRST_RECEIVE_BYTES = 2 << 10;

    private static final int MOST_RECEIVE_BYTES = 128 << 10;

    private final Ring ring;
    private final ChannelGroup channels;
    private final Antechamber antechamber;
    private final SharedSecret secret;
    private final RingSettings settings;
    private volatile Optional<SslContext> tls = Optional.empty();

    /** @param channels gets every connection, for as long as it is open */
    PredecessorLinks(Ring ring, ChannelGroup channels, SharedSecret secret, RingSettings settings) {
        this.ring = ring;
        this.channels = channels;
        this.antechamber = new Antechamber(ring.place());
        this.secret = secret;
        this.settings = settings;
    }

    /** For the connections that are taken from now on. */
    void protect(Optional<SslContext> context) {
        tls = context;
    }

    @Override
    protected void initChannel(Channel channel) {
        channels.add(channel);
        antechamber.enter(channel);
        // As an option it has another name in Netty 4.1, which Spark 4.0 brings.
        channel.config()
                .setRecvByteBufAllocator(
                        new AdaptiveRecvByteBufAllocator(LEAST_RECEIVE_BYTES, FIRST_RECEIVE_BYTES, MOST_RECEIVE_BYTES));
        tls.ifPresent(context ->
                channel.pipeline().addLast(Tls.handler(context, channel.alloc(), settings.greetingTimeout())));
        FrameDecoder decoder = new FrameDecoder();
        channel.pipeline().addLast(decoder, new PredecessorLink(ring, antechamber, secret, decoder, settings));
    }
}
