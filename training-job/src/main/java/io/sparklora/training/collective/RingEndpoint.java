package io.sparklora.training.collective;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.sparklora.training.collective.CollectiveException.Reason;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;

/**
 * A rank's open door: bound first, so that its address can be told to the others, then joined into the ring.
 *
 * <p>Bytes travel as {@link Frame}s over plain TCP between neighbours that have proved their membership; a TLS handler
 * would stand first in the two pipelines below and change nothing else. One thread moves a rank's bytes and adds them.
 */
public final class RingEndpoint implements AutoCloseable {
    private static final int RECEIVE_BUFFER_BYTES = 128 << 10;

    private final EventLoopGroup group;
    private final Channel door;
    private final Ring ring;
    private final SharedSecret secret;
    private final RingSettings settings;

    private RingEndpoint(EventLoopGroup group, Channel door, Ring ring, SharedSecret secret, RingSettings settings) {
        this.group = group;
        this.door = door;
        this.ring = ring;
        this.secret = secret;
        this.settings = settings;
    }

    /**
     * Binds a free port of {@code host}, an address of this machine that the other ranks can reach.
     *
     * @throws IOException if it cannot be bound
     */
    public static RingEndpoint bind(String host, Membership me, SharedSecret secret, RingSettings settings)
            throws IOException {
        EventLoopGroup group = eventLoop(new DefaultThreadFactory("ring-rank-" + me.rank(), true));
        Ring ring = new Ring(me, group.next());
        var bound = new ServerBootstrap()
                .group(group)
                .channel(NioServerSocketChannel.class)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(ChannelOption.SO_KEEPALIVE, true)
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        // As an option it has another name in Netty 4.1, which Spark 4.0 brings.
                        channel.config().setRecvByteBufAllocator(new FixedRecvByteBufAllocator(RECEIVE_BUFFER_BYTES));
                        FrameDecoder decoder = new FrameDecoder();
                        channel.pipeline()
                                .addLast(decoder, new PredecessorLink(ring, secret, decoder, settings.segmentLongs()));
                    }
                })
                .bind(host, 0)
                .awaitUninterruptibly();
        if (!bound.isSuccess()) {
            group.shutdownGracefully();
            throw new IOException(
                    me + " cannot listen on " + host + ": " + bound.cause().getMessage(), bound.cause());
        }
        return new RingEndpoint(group, bound.channel(), ring, secret, settings);
    }

    /** One thread. Netty 4.2 has another class for it, but Spark 4.0 brings Netty 4.1. */
    @SuppressWarnings("deprecation")
    private static EventLoopGroup eventLoop(ThreadFactory threads) {
        return new NioEventLoopGroup(1, threads);
    }

    /** Where the predecessor is to connect. */
    public InetSocketAddress address() {
        return (InetSocketAddress) door.localAddress();
    }

    /**
     * Connects to the successor's endpoint and waits for the predecessor; blocks at most the settings' join timeout.
     * The collective owns what this endpoint opened, and closing either closes it.
     *
     * @throws CollectiveException if a neighbour is not there in time, or refuses, or fails to prove itself
     */
    public Collective join(InetSocketAddress successor) {
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
                        channel.pipeline().addLast(new FrameDecoder(), new SuccessorLink(ring, secret));
                    }
                })
                .connect(successor)
                .addListener(connected -> {
                    if (!connected.isSuccess()) {
                        ring.fail(new CollectiveException(
                                Reason.PEER_LOST,
                                ring.me() + " cannot reach rank " + ring.me().successor() + " at " + successor + ": "
                                        + connected.cause().getMessage(),
                                connected.cause()));
                    }
                });
        RingCollective collective = new RingCollective(ring, this, settings);
        collective.awaitJoin();
        return collective;
    }

    /** Closes the door and, after what is on its way has left, the links. Never throws. */
    @Override
    public void close() {
        door.close();
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(5, TimeUnit.SECONDS);
    }
}
