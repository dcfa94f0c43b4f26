package io.sparklora.training.job;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.training.collective.Collective;
import java.util.ArrayList;
import java.util.List;

/**
 * Compares the ranks' adapters by a 64-bit hash of their bits. They follow from the same integers, so a difference is a
 * fault of hardware or of the software on a host, and nothing trained from it on can be trusted.
 */
final class AdapterAgreement {
    /** FNV-1a's 64-bit parameters (draft-eastlake-fnv), over 32-bit words rather than bytes. */
    private static final long OFFSET_BASIS = 0xcbf29ce484222325L;

    private static final long PRIME = 0x100000001b3L;

    private AdapterAgreement() {}

    static long hash(float[] parameters) {
        long hash = OFFSET_BASIS;
        for (float parameter : parameters) {
            hash = (hash ^ Float.floatToRawIntBits(parameter)) * PRIME;
        }
        // The product moves bits upwards only: fold the high ones back.
        return hash ^ hash >>> 32;
    }

    /**
     * Returns if all ranks hold the same adapter.
     *
     * @throws StageFailure ({@link ExitCode#RANKS_DISAGREE}) on every rank, naming those that differ from rank 0
     */
    static void require(Collective collective, long step, float[] parameters) {
        long hash = hash(parameters);
        // max(~h) is ~min(h): the two are complements exactly where all hashes are equal.
        long[] extremes = {hash, ~hash};
        collective.max(step, extremes);
        if (extremes[0] == ~extremes[1]) {
            return;
        }
        long[] hashes = new long[collective.world()];
        hashes[collective.rank()] = hash;
        collective.sum(step, hashes);
        List<Integer> strays = new ArrayList<>();
        for (int rank = 1; rank < hashes.length; rank++) {
            if (hashes[rank] != hashes[0]) {
                strays.add(rank);
            }
        }
        throw new StageFailure(
                ExitCode.RANKS_DISAGREE,
                "after step " + step + " ranks " + strays + " of " + hashes.length
                        + " hold another adapter than rank 0: equal ranks must compute equal bytes,"
                        + " so use executors of one hardware kind");
    }
}
