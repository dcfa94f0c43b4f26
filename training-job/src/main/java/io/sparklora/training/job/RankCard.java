package io.sparklora.training.job;

import io.sparklora.pipeline.adapter.Arithmetic;
import io.sparklora.training.collective.CollectiveEndpoint.Address;
import java.util.List;
import java.util.Optional;

/**
 * What a rank tells all others before they train: that it is still getting ready, that it is ready, or that it never will be.
 *
 * @param rank the rank
 * @param executor id of the executor that it runs on
 * @param host where its endpoint listens; empty where it has none
 * @param ports of the endpoint's doors
 * @param fingerprint of the endpoint's certificate, 64 hexadecimal digits; empty where it has none of its own
 * @param arithmetic what its program multiplies on and in; absent where it is not ready
 * @param failure why it never will be ready, one line; empty where it may be
 */
record RankCard(
        int rank,
        String executor,
        String host,
        List<Integer> ports,
        String fingerprint,
        Optional<Arithmetic> arithmetic,
        String failure) {
    static RankCard preparing(int rank, String executor) {
        return new RankCard(rank, executor, "", List.of(), "", Optional.empty(), "");
    }

    static RankCard failed(int rank, String executor, String message) {
        return new RankCard(rank, executor, "", List.of(), "", Optional.empty(), message);
    }

    Address address() {
        return new Address(host, ports, fingerprint);
    }

    boolean isFailed() {
        return !failure.isEmpty();
    }

    boolean isPreparing() {
        return failure.isEmpty() && arithmetic.isEmpty();
    }
}
