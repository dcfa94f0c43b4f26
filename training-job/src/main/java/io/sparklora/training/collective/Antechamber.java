package io.sparklora.training.collective;

import io.netty.channel.Channel;
import java.util.ArrayDeque;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The connections that came through the door and have not yet shown whose they are. There are at most
 * {@value #MOST}, so that strangers who say nothing, or a byte now and then, cost bounded memory; one more sends away
 * the one that has waited longest, so that they cannot keep the predecessor out, whose greeting takes milliseconds.
 *
 * <p>Confined to the ring's event loop.
 */
final class Antechamber {
    static final int MOST = 64;

    private static final Logger LOG = LoggerFactory.getLogger(Antechamber.class);

    private final RingPlace place;
    private final ArrayDeque<Channel> waiting = new ArrayDeque<>();

    Antechamber(RingPlace place) {
        this.place = place;
    }

    void enter(Channel channel) {
        waiting.add(channel);
        channel.closeFuture().addListener(closed -> leave(channel));
        if (waiting.size() > MOST) {
            Channel longest = waiting.remove();
            LOG.warn(
                    "{} refused {}: {} connections have not shown whose they are",
                    place,
                    longest.remoteAddress(),
                    MOST);
            longest.close();
        }
    }

    void leave(Channel channel) {
        waiting.remove(channel);
    }
}
