package io.sparklora.training.job;

/**
 * What a rank tells all others once, when it is ready or knows that it never will be.
 *
 * @param rank the rank
 * @param executor id of the executor that it runs on
 * @param host where its ring endpoint listens; empty where it has none
 * @param port of the endpoint
 * @param fingerprint of the endpoint's certificate, 64 hexadecimal digits; empty where it has none of its own
 * @param failure why it is not ready, one line; empty where it is
 */
record RankCard(int rank, String executor, String host, int port, String fingerprint, String failure) {
    static RankCard failed(int rank, String executor, String message) {
        return new RankCard(rank, executor, "", 0, "", message);
    }

    boolean ready() {
        return failure.isEmpty();
    }
}
