package io.sparklora.training.collective;

/**
 * The ranks of one attempt at a run, acting together: each operation must be called by every rank, in the same order,
 * for the same step and with arrays of the same length, and gives every rank the same result.
 *
 * <p>Operations block until the result is there or the deadline passes. An instance belongs to one thread; after a
 * {@link CollectiveException} only {@link #close()} may be called.
 */
public interface Collective extends AutoCloseable {
    /** This rank, in [0, {@link #world()}). */
    int rank();

    /** Number of ranks, at least 1. */
    int world();

    /**
     * Replaces each element by its sum over the ranks.
     *
     * @param step what the caller is working on, for error messages and as a check that the ranks are in step
     * @throws CollectiveException where a peer is lost, late or out of step, or a sum leaves the range of a long
     */
    void sum(long step, long[] values);

    /** Replaces each element by its maximum over the ranks; otherwise as {@link #sum}. */
    void max(long step, long[] values);

    /** Leaves the ring, which fails the operations that peers still wait in. Never throws. */
    @Override
    void close();
}
