package io.sparklora.training.collective;

import io.sparklora.training.collective.RingPlace.Level;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Which ranks form which rings. One group is one ring of all. Several are a tree of two levels: in each group the sum
 * goes along a ring to the group's first rank, its leader; the leaders sum in a ring of their own; and the result goes
 * along the groups' rings again. Integers are added, so every topology gives the same bytes.
 *
 * @param groups the ranks of each group, in the order of its ring; every rank of the world is in one of them
 */
public record Topology(List<List<Integer>> groups) {
    /**
     * What a rank could have moved and added while a frame is on its way to it: 50 microseconds of 1 GB/s. A hop saved
     * is worth so much, and docs/scaling.md shows what comes of it.
     */
    private static final long BYTES_A_HOP = 50_000;

    /** A step's reductions: the largest magnitude, the gradient's sum, the comparison of adapters. */
    private static final int REDUCTIONS_A_STEP = 3;

    /** Copies the lists and checks that each rank is there once. */
    public Topology {
        groups = groups.stream().map(List::copyOf).toList();
        List<Integer> sorted = groups.stream().flatMap(List::stream).sorted().toList();
        for (int rank = 0; rank < sorted.size(); rank++) {
            if (sorted.get(rank) != rank) {
                throw new IllegalArgumentException("groups must hold each rank once but are " + groups);
            }
        }
        if (groups.isEmpty() || groups.stream().anyMatch(List::isEmpty)) {
            throw new IllegalArgumentException("groups must not be empty but are " + groups);
        }
    }

    /**
     * The faster one for a world and an adapter. A tree saves hops, of which a ring of n ranks has 2 (n - 1) a
     * reduction, and pays with the array once more up and once more down its groups.
     *
     * @param hosts where each rank runs, in rank order: the same list on every rank
     * @param parameters elements of the gradient
     */
    public static Topology plan(List<String> hosts, int parameters) {
        Topology ring = ring(hosts);
        Topology tree = tree(hosts);
        long saved = (long) REDUCTIONS_A_STEP * (ring.hops() - tree.hops());
        long paid = 2L * parameters * Long.BYTES;
        return tree.groups().size() > 1 && saved * BYTES_A_HOP > paid ? tree : ring;
    }

    /** One ring in which the ranks of a host follow one another, so that a sum enters and leaves each host once. */
    static Topology ring(List<String> hosts) {
        return new Topology(List.of(byHost(hosts).stream().flatMap(List::stream).toList()));
    }

    /**
     * A tree with about as many groups as ranks in a group, which has the fewest hops. Ranks of one host are in one
     * group; so a host with more ranks is a group of its own.
     */
    static Topology tree(List<String> hosts) {
        int ranksOfGroup = (int) Math.round(Math.sqrt(hosts.size()));
        List<List<Integer>> groups = new ArrayList<>();
        List<Integer> open = new ArrayList<>();
        for (List<Integer> host : byHost(hosts)) {
            if (!open.isEmpty() && open.size() + host.size() > ranksOfGroup) {
                groups.add(open);
                open = new ArrayList<>();
            }
            open.addAll(host);
        }
        groups.add(open);
        return new Topology(groups);
    }

    private static List<List<Integer>> byHost(List<String> hosts) {
        Map<String, List<Integer>> ranks = new LinkedHashMap<>();
        for (int rank = 0; rank < hosts.size(); rank++) {
            ranks.computeIfAbsent(hosts.get(rank), host -> new ArrayList<>()).add(rank);
        }
        return List.copyOf(ranks.values());
    }

    /** Hops that follow one another in a reduction. */
    int hops() {
        int longest = groups.stream().mapToInt(List::size).max().orElseThrow() - 1;
        return 2 * longest + (groups.size() > 1 ? 2 * (groups.size() - 1) : 0);
    }

    /** A rank's places: one, or for the leader of a group of several two. */
    List<RingPlace> places(Membership me) {
        List<Integer> group = groups.stream()
                .filter(ranks -> ranks.contains(me.rank()))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(me + " is in none of the groups " + groups));
        if (groups.size() == 1) {
            return List.of(new RingPlace(me, Level.ALL, group));
        }
        List<RingPlace> places = new ArrayList<>();
        if (group.size() > 1) {
            places.add(new RingPlace(me, Level.GROUP, group));
        }
        if (group.get(0) == me.rank()) {
            places.add(new RingPlace(
                    me,
                    Level.LEADERS,
                    groups.stream().map(ranks -> ranks.get(0)).toList()));
        }
        return places;
    }
}
