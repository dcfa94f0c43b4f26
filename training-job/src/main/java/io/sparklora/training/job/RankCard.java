package io.sparklora.training.job;

import io.sparklora.pipeline.adapter.ComputeType;
import java.util.Optional;

/**
 * What a rank tells all others once, when it is ready or knows that it never will be.
 *
 * @param rank the rank
 * @param executor id of the executor that it runs on
 * @param host where its ring endpoint listens; empty where it has none
 * @param port of the endpoint
 * @param fingerprint of the endpoint's certificate, 64 hexadecimal digits; empty where it has none of its own
 * @param compute number type that its program multiplies in; absent where it is not ready
 * @param failure why it is not ready, one line; empty where it is
 */
record RankCard(
        int rank,
        String executor,
        String host,
        int port,
        String fingerprint,
        Optional<ComputeType> compute,
        String failure) {
    static RankCard failed(int rank, String executor, String message) {
        return new RankCard(rank, executor, "", 0, "", Optional.empty(), message);
    }

    boolean ready() {
        return failure.isEmpty();
    }
}
