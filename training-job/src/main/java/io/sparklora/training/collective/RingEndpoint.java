package io.sparklora.training.collective;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.ssl.SslContext;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.sparklora.training.collective.CollectiveException.Reason;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;

/**
 * A rank's open door to one ring: bound first, so that its address can be told to the others, then joined.
 *
 * <p>Bytes travel as {@link Frame}s between neighbours that have proved their membership, over TCP or, where the
 * {@link LinkProtection} says so, TLS 1.3. A door with TLS opens when the rank joins, since only then it knows whom to
 * trust; who connects before waits in the operating system's queue. One thread moves a rank's bytes and adds them.
 */
final class RingEndpoint implements AutoCloseable {
    private static final int CLOSE_SECONDS = 5;

    private final EventLoopGroup group;
    private final Channel door;
    private final ChannelGroup channels;
    private final PredecessorLinks links;
    private final Ring ring;
    private final SharedSecret secret;
    private final LinkProtection protection;
    private final RingSettings settings;

    private RingEndpoint(
            EventLoopGroup group,
            Channel door,
            ChannelGroup channels,
            PredecessorLinks links,
            Ring ring,
            SharedSecret secret,
            LinkProtection protection,
            RingSettings settings) {
        this.group = group;
        this.door = door;
        this.channels = channels;
        this.links = links;
        this.ring = ring;
        this.secret = secret;
        this.protection = protection;
        this.settings = settings;
    }

    /**
     * Binds a free port of the settings' at {@code host}, an address of this machine that the other ranks can reach.
     *
     * @throws IOException if none can be bound
     */
    static RingEndpoint bind(
            String host, RingPlace place, SharedSecret secret, LinkProtection protection, RingSettings settings)
            throws IOException {
        EventLoopGroup group =
                eventLoop(new DefaultThreadFactory("ring-rank-" + place.me().rank(), true));
        Ring ring = new Ring(place, group.next());
        ChannelGroup channels = new DefaultChannelGroup("ring", group.next(), true);
        PredecessorLinks links = new PredecessorLinks(ring, channels, secret, settings);
        ServerBootstrap bootstrap = new ServerBootstrap()
                .group(group)
                .channel(NioServerSocketChannel.class)
                .option(ChannelOption.AUTO_READ, protection instanceof ClearText)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(ChannelOption.SO_KEEPALIVE, true)
                .childHandler(links);
        try {
            Channel door = settings.ports().open(port -> bind(bootstrap, host, port));
            return new RingEndpoint(group, door, channels, links, ring, secret, protection, settings);
        } catch (IOException e) {
            group.shutdownGracefully();
            throw new IOException(place + " cannot listen on " + host + ", " + e.getMessage(), e);
        }
    }

    private static Channel bind(ServerBootstrap bootstrap, String host, int port) throws IOException {
        ChannelFuture bound = bootstrap.bind(host, port).awaitUninterruptibly();
        if (bound.isSuccess()) {
            return bound.channel();
        }
        if (bound.cause() instanceof BindException taken) {
            throw taken;
        }
        throw new IOException(bound.cause().getMessage(), bound.cause());
    }

    /** One thread. Netty 4.2 has another class for it, but Spark 4.0 brings Netty 4.1. */
    @SuppressWarnings("deprecation")
    private static EventLoopGroup eventLoop(ThreadFactory threads) {
        return new NioEventLoopGroup(1, threads);
    }

    /** Where the predecessor is to connect. */
    InetSocketAddress address() {
        return (InetSocketAddress) door.localAddress();
    }

    /** What the neighbours must be told to know this rank by; empty where they need nothing. */
    String fingerprint() {
        return protection.fingerprint();
    }

    /**
     * Connects to the successor's endpoint and lets the predecessor in; {@link RingCollective#awaitJoin()} waits for both.
     * The collective owns what this endpoint opened, and closing either closes it.
     *
     * @throws CollectiveException if there is no TLS where there should be
     */
    RingCollective open(Neighbours neighbours) {
        Optional<SslContext> connector;
        try {
            links.protect(protection.acceptor(neighbours));
            connector = protection.connector(neighbours);
        } catch (SSLException e) {
            throw new CollectiveException(Reason.PROTOCOL, ring.place() + " has no TLS: " + e.getMessage(), e);
        }
        door.config().setAutoRead(true);
        connect(neighbours.successor(), connector);
        return new RingCollective(ring, this, settings);
    }

    private void connect(InetSocketAddress successor, Optional<SslContext> tls) {
        new Bootstrap()
                .group(group)
                .channel(NioSocketChannel.class)
                .option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.SO_KEEPALIVE, true)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int)
                        settings.joinTimeout().toMillis())
                .option(
                        ChannelOption.WRITE_BUFFER_WATER_MARK,
                        new WriteBufferWaterMark(2 * settings.segmentBytes(), 4 * settings.segmentBytes()))
                .handler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channels.add(channel);
                        tls.ifPresent(context -> channel.pipeline()
                                .addLast(Tls.handler(context, channel.alloc(), settings.joinTimeout())));
                        channel.pipeline().addLast(new FrameDecoder(), new SuccessorLink(ring, secret));
                    }
                })
                .connect(successor)
                .addListener(connected -> {
                    if (!connected.isSuccess()) {
                        ring.fail(new CollectiveException(
                                Reason.PEER_LOST,
                                ring.place() + " cannot reach rank "
                                        + ring.place().successor() + " at " + successor + ": "
                                        + connected.cause().getMessage(),
                                connected.cause()));
                    }
                });
    }

    /** Closes the door and the links, and drops what is queued in them. Never throws. */
    @Override
    public void close() {
        door.close();
        // An event loop that is told to stop while it runs tasks leaves its channels open: Netty 4.2.13, run().
        channels.close().awaitUninterruptibly(CLOSE_SECONDS, TimeUnit.SECONDS);
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(CLOSE_SECONDS, TimeUnit.SECONDS);
    }
}
