package io.sparklora.training.collective;

/**
 * How the segments of one operation travel around a ring, in hops from a rank to its successor. Ranks are numbered by
 * their positions in the ring here; the first has position 0.
 */
enum Route {
    /**
     * Reduce-scatter, then all-gather (Patarasuk and Yuan, Bandwidth optimal all-reduce algorithms for clusters of
     * workstations, JPDC 2009): the array is cut into one chunk a rank, and every rank ends with the result. What
     * arrives at hop h belongs to chunk p - h: it is merged for h &lt; size, and final from then on.
     */
    ALL_REDUCE {
        @Override
        boolean mayPause() {
            return false;
        }

        @Override
        int chunks(int size) {
            return size;
        }

        @Override
        int chunkAt(int hop, int position, int size) {
            return Math.floorMod(position - hop, size);
        }

        @Override
        boolean begins(int position) {
            return true;
        }

        @Override
        int firstHop(int position, int size) {
            return 1;
        }

        @Override
        int lastHop(int position, int size) {
            return 2 * (size - 1);
        }

        @Override
        boolean merges(int hop, int size) {
            return hop < size;
        }

        @Override
        boolean endsAt(int hop, int position, int size) {
            return hop == 2 * (size - 1);
        }
    },
    /** The array is merged along the ring, from position 1 on, and ends with the first rank. */
    TO_FIRST {
        @Override
        boolean begins(int position) {
            return position == 1;
        }

        @Override
        int firstHop(int position, int size) {
            return Math.floorMod(position - 1, size);
        }

        @Override
        boolean merges(int hop, int size) {
            return true;
        }

        @Override
        boolean endsAt(int hop, int position, int size) {
            return position == 0;
        }
    },
    /** The first rank's array goes along the ring and replaces every other's. */
    FROM_FIRST {
        @Override
        boolean begins(int position) {
            return position == 0;
        }

        @Override
        int firstHop(int position, int size) {
            return position;
        }

        @Override
        boolean merges(int hop, int size) {
            return false;
        }

        @Override
        boolean endsAt(int hop, int position, int size) {
            return position == size - 1;
        }
    };

    /**
     * Whether a rank may stop reading while its successor does not: a chain may, since its last rank always reads; in a
     * circle all could wait for each other.
     */
    boolean mayPause() {
        return true;
    }

    /** Chunks that the array is cut into, numbered from 0. */
    int chunks(int size) {
        return 1;
    }

    /** The chunk that the rank at {@code position} receives at a hop; at hop 0 the one that it sends first. */
    int chunkAt(int hop, int position, int size) {
        return 0;
    }

    /** Whether the rank sends a chunk of its own array first. */
    abstract boolean begins(int position);

    /** The first hop at which the rank receives something; 0 where it receives nothing. */
    abstract int firstHop(int position, int size);

    /** The last hop at which the rank receives something. */
    int lastHop(int position, int size) {
        return firstHop(position, size);
    }

    /** Whether what arrives at a hop is a term still, or the result. */
    abstract boolean merges(int hop, int size);

    /** Whether what arrives at a hop stays with the rank. */
    abstract boolean endsAt(int hop, int position, int size);
}
