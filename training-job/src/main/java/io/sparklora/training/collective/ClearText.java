package io.sparklora.training.collective;

import io.netty.handler.ssl.SslContext;
import java.util.Optional;

/** No protection but the proofs of the {@link SharedSecret}: for networks that one trusts, as Spark's own default. */
public record ClearText() implements LinkProtection {
    @Override
    public String fingerprint() {
        return "";
    }

    @Override
    public Optional<SslContext> acceptor(Neighbours neighbours) {
        return Optional.empty();
    }

    @Override
    public Optional<SslContext> connector(Neighbours neighbours) {
        return Optional.empty();
    }
}
