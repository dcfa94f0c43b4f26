package io.sparklora.training.collective;

import io.netty.handler.ssl.SslContext;
import java.util.Optional;
import javax.net.ssl.SSLException;

/** What keeps others from reading or changing the bytes of a ring's links, the same on every rank of a ring. */
public sealed interface LinkProtection permits ClearText, PinnedCertificates, StoredCertificates {
    /** What neighbours must be told to know this rank by; empty where they need nothing. */
    String fingerprint();

    /** TLS for the link that the predecessor opens; empty for none. */
    Optional<SslContext> acceptor(Neighbours neighbours) throws SSLException;

    /** TLS for the link that this rank opens to its successor; empty for none. */
    Optional<SslContext> connector(Neighbours neighbours) throws SSLException;
}
