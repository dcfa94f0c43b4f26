package io.sparklora.training.collective;

import java.nio.charset.StandardCharsets;

/**
 * A rank of one attempt at a run: what a peer must state, and must agree on, before a byte of a gradient is taken from
 * it.
 *
 * @param run identity of the run, 1 to 200 bytes in UTF-8
 * @param attempt number of the attempt at the run, from 0; ranks of an earlier attempt are strangers
 * @param world number of ranks, at least 1
 * @param rank this rank, in [0, world)
 */
public record Membership(String run, int attempt, int world, int rank) {
    private static final int MAXIMUM_RUN_BYTES = 200;

    /** Checks the ranges. */
    public Membership {
        int runBytes = run.getBytes(StandardCharsets.UTF_8).length;
        if (runBytes < 1 || runBytes > MAXIMUM_RUN_BYTES) {
            throw new IllegalArgumentException(
                    "run must have 1 to " + MAXIMUM_RUN_BYTES + " bytes but has " + runBytes);
        }
        if (attempt < 0 || world < 1 || rank < 0 || rank >= world) {
            throw new IllegalArgumentException(
                    "attempt " + attempt + ", rank " + rank + " of " + world + " is no rank of an attempt");
        }
    }

    Membership of(int otherRank) {
        return new Membership(run, attempt, world, otherRank);
    }

    @Override
    public String toString() {
        return "rank " + rank + " of " + world + " (run " + run + ", attempt " + attempt + ")";
    }
}
