package io.sparklora.training.collective;

import io.sparklora.training.collective.RingPlace.Level;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * A rank's open doors, one for each ring that it has a place in: bound first, so that their address can be told to the
 * others, then joined.
 */
public final class CollectiveEndpoint implements AutoCloseable {
    private final Membership me;
    private final Topology topology;
    private final RingSettings settings;
    private final List<RingPlace> places;
    private final List<RingEndpoint> doors;

    private CollectiveEndpoint(
            Membership me, Topology topology, RingSettings settings, List<RingPlace> places, List<RingEndpoint> doors) {
        this.me = me;
        this.topology = topology;
        this.settings = settings;
        this.places = places;
        this.doors = doors;
    }

    /**
     * What the others must be told of a rank.
     *
     * @param host where it listens
     * @param ports of its doors, in the order of its places in the topology
     * @param fingerprint its {@link LinkProtection#fingerprint()}
     */
    public record Address(String host, List<Integer> ports, String fingerprint) {
        /** Copies the list. */
        public Address {
            ports = List.copyOf(ports);
        }
    }

    /**
     * Binds free ports of {@code host} among those of the settings, an address of this machine that the other ranks can reach.
     *
     * @param topology the same on every rank, for {@code me.world()} ranks
     * @throws IOException if a port cannot be bound; nothing is left open
     */
    public static CollectiveEndpoint bind(
            String host,
            Membership me,
            Topology topology,
            SharedSecret secret,
            LinkProtection protection,
            RingSettings settings)
            throws IOException {
        List<RingPlace> places = topology.places(me);
        List<RingEndpoint> doors = new ArrayList<>();
        try {
            for (RingPlace place : places) {
                doors.add(RingEndpoint.bind(host, place, secret, protection, settings));
            }
        } catch (IOException | RuntimeException e) {
            doors.forEach(RingEndpoint::close);
            throw e;
        }
        return new CollectiveEndpoint(me, topology, settings, places, doors);
    }

    /** What the others must be told of this rank. */
    public Address address() {
        return new Address(
                doors.get(0).address().getHostString(),
                doors.stream().map(door -> door.address().getPort()).toList(),
                doors.get(0).fingerprint());
    }

    /**
     * Connects to the neighbours in each ring; blocks at most the settings' join timeout a ring. The collective owns
     * what this endpoint opened, and closing either closes it. Where one ring cannot be joined the other is told why.
     *
     * @param ranks every rank's address, in rank order
     * @throws CollectiveException if a neighbour is not there in time, or refuses, or fails to prove itself
     */
    public Collective join(List<Address> ranks) {
        Map<Level, RingCollective> rings = new EnumMap<>(Level.class);
        try {
            for (int i = 0; i < places.size(); i++) {
                RingPlace place = places.get(i);
                rings.put(place.level(), doors.get(i).open(neighbours(place, ranks)));
            }
            rings.values().forEach(RingCollective::awaitJoin);
        } catch (RuntimeException | Error e) {
            rings.values().forEach(ring -> ring.abandon(e));
            throw e;
        }
        RingCollective ring = rings.get(Level.ALL);
        return ring != null ? ring : new TreeCollective(me, settings, rings);
    }

    private Neighbours neighbours(RingPlace place, List<Address> ranks) {
        RingPlace successor = place.of(place.successor());
        Address address = ranks.get(successor.me().rank());
        int port = address.ports().get(levels(successor.me()).indexOf(place.level()));
        return new Neighbours(
                InetSocketAddress.createUnresolved(address.host(), port),
                address.fingerprint(),
                ranks.get(place.predecessor()).fingerprint());
    }

    private List<Level> levels(Membership rank) {
        return topology.places(rank).stream().map(RingPlace::level).toList();
    }

    /** Closes the doors and the links, and drops what is queued in them. Never throws. */
    @Override
    public void close() {
        doors.forEach(RingEndpoint::close);
    }
}
