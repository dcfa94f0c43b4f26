package io.sparklora.training.job;

import io.sparklora.pipeline.ExitCode;
import java.io.Serializable;

/**
 * How a rank's part in an attempt ended. A rank that fails returns this rather than throw: so the driver sees every
 * rank's own story, where Spark would report whichever exception came first, often only the echo on a peer.
 */
sealed interface RankOutcome extends Serializable {
    /** The rank. */
    int rank();

    /** All steps are made. */
    record Finished(int rank) implements RankOutcome {}

    /**
     * The ranks stopped between two steps and saved the state, since one of them was asked to leave.
     *
     * @param executor that the rank ran on
     * @param leaving whether this executor is to end
     */
    record Left(int rank, String executor, boolean leaving) implements RankOutcome {}

    /**
     * The rank cannot go on.
     *
     * @param origin whether the fault began here
     * @param exitCode what the run would end with
     * @param message one line
     */
    record Failed(int rank, Origin origin, ExitCode exitCode, String message) implements RankOutcome {}

    /** Where a failure began. */
    enum Origin {
        /** On this rank. */
        OWN,
        /** On a peer, which this rank lost. */
        PEER
    }
}
