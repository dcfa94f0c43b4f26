package io.sparklora.training.job;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.training.collective.Collective;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What the ranks tell each other at the end of a step, in one reduction of eight bytes a rank: that they hold the same
 * adapter, how long each computed, and whether one of them must leave.
 *
 * <p>Adapters are compared by a 64-bit hash of their bits. They follow from the same integers, so a difference is a fault
 * of hardware or of the software on a host, and nothing trained from it on can be trusted.
 *
 * @param computeSeconds what each rank took for its own micro-batches of the step, in rank order, to the microsecond
 * @param leaving whether any rank was asked to leave: all stop after this step
 */
record StepAgreement(List<Double> computeSeconds, boolean leaving) {
    /** FNV-1a's 64-bit parameters (draft-eastlake-fnv), over 32-bit words rather than bytes. */
    private static final long OFFSET_BASIS = 0xcbf29ce484222325L;

    private static final long PRIME = 0x100000001b3L;

    private static final int HASH = 0;
    private static final int COMPLEMENT = 1;
    private static final int LEAVING = 2;
    private static final int MICROS = 3;
    private static final long NANOS_A_MICRO = 1_000;
    private static final double MICROS_A_SECOND = 1e6;

    StepAgreement {
        computeSeconds = List.copyOf(computeSeconds);
    }

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
     * @param computeNanos what this rank computed for
     * @param leave whether this rank was asked to leave
     * @throws StageFailure ({@link ExitCode#RANKS_DISAGREE}) on every rank, naming those that differ from rank 0
     */
    static StepAgreement reach(Collective collective, long step, float[] parameters, long computeNanos, boolean leave) {
        long hash = hash(parameters);
        long[] told = new long[MICROS + collective.world()];
        told[HASH] = hash;
        // max(~h) is ~min(h): the two are complements exactly where all hashes are equal.
        told[COMPLEMENT] = ~hash;
        told[LEAVING] = leave ? 1 : 0;
        // A rank's own place is 0 or more, the others' places are 0.
        told[MICROS + collective.rank()] = computeNanos / NANOS_A_MICRO;
        collective.max(step, told);
        if (told[HASH] != ~told[COMPLEMENT]) {
            throw disagreement(collective, step, hash);
        }
        List<Double> seconds = Arrays.stream(told, MICROS, told.length)
                .mapToObj(micros -> micros / MICROS_A_SECOND)
                .toList();
        return new StepAgreement(seconds, told[LEAVING] == 1);
    }

    private static StageFailure disagreement(Collective collective, long step, long hash) {
        long[] hashes = new long[collective.world()];
        hashes[collective.rank()] = hash;
        collective.sum(step, hashes);
        List<Integer> strays = new ArrayList<>();
        for (int rank = 1; rank < hashes.length; rank++) {
            if (hashes[rank] != hashes[0]) {
                strays.add(rank);
            }
        }
        return new StageFailure(
                ExitCode.RANKS_DISAGREE,
                "after step " + step + " ranks " + strays + " of " + hashes.length
                        + " hold another adapter than rank 0: equal ranks must compute equal bytes,"
                        + " so use executors of one hardware kind");
    }
}
