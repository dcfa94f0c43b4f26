package io.sparklora.training.collective;

import java.util.List;

/**
 * A rank's place in one ring of an attempt.
 *
 * @param me the rank
 * @param level which of the attempt's rings
 * @param ranks the ring's ranks in the order in which they send to each other; {@code me} is one of them
 */
record RingPlace(Membership me, Level level, List<Integer> ranks) {
    /** Which rings there are. */
    enum Level {
        /** One ring of all ranks. */
        ALL,
        /** The ring of one group of a tree. */
        GROUP,
        /** The ring of the groups' first ranks. */
        LEADERS
    }

    /**
     * What a neighbour states of a place and must agree on.
     *
     * @param level which ring
     * @param position in the ring, in [0, size)
     * @param size number of the ring's ranks
     */
    record Seat(Level level, int position, int size) {
        @Override
        public String toString() {
            return switch (level) {
                case ALL -> "place " + position + " of " + size + " in the ring of all";
                case GROUP -> "place " + position + " of " + size + " in its group";
                case LEADERS -> "place " + position + " of " + size + " among the leaders";
            };
        }
    }

    /** Checks that {@code me} has a place. */
    RingPlace {
        ranks = List.copyOf(ranks);
        if (!ranks.contains(me.rank())) {
            throw new IllegalArgumentException(me + " has no place in the ring of ranks " + ranks);
        }
    }

    Seat seat() {
        return new Seat(level, position(), size());
    }

    int position() {
        return ranks.indexOf(me.rank());
    }

    int size() {
        return ranks.size();
    }

    /** The rank that this one sends to. */
    int successor() {
        return ranks.get((position() + 1) % size());
    }

    /** The rank that sends to this one. */
    int predecessor() {
        return ranks.get((position() + size() - 1) % size());
    }

    /** Another rank's place in the same ring. */
    RingPlace of(int otherRank) {
        return new RingPlace(me.of(otherRank), level, ranks);
    }

    @Override
    public String toString() {
        return me.toString();
    }
}
