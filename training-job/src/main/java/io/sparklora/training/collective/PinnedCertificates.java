package io.sparklora.training.collective;

import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.util.Optional;
import javax.net.ssl.SSLException;

/**
 * TLS where every rank makes itself a certificate for one attempt and trusts exactly its neighbours', by fingerprint.
 * It is as trustworthy as the way by which the fingerprints come, and needs nothing else: no files, no authority.
 */
public final class PinnedCertificates implements LinkProtection {
    private final SelfSignedCertificate own;
    private final SslProvider provider;

    private PinnedCertificates(SelfSignedCertificate own, SslProvider provider) {
        this.own = own;
        this.provider = provider;
    }

    /** With a new key pair for {@code me}. */
    public static PinnedCertificates create(Membership me) {
        return create(me, Tls.fastestProvider());
    }

    static PinnedCertificates create(Membership me, SslProvider provider) {
        return new PinnedCertificates(SelfSignedCertificate.create(me.toString()), provider);
    }

    @Override
    public String fingerprint() {
        return PinnedTrust.fingerprint(own.certificate());
    }

    @Override
    public Optional<SslContext> acceptor(Neighbours neighbours) throws SSLException {
        return Optional.of(Tls.mutual(
                SslContextBuilder.forServer(own.key(), own.certificate())
                        .trustManager(new PinnedTrust(neighbours.predecessorFingerprint())),
                provider));
    }

    @Override
    public Optional<SslContext> connector(Neighbours neighbours) throws SSLException {
        return Optional.of(Tls.mutual(
                SslContextBuilder.forClient()
                        .keyManager(own.key(), own.certificate())
                        .trustManager(new PinnedTrust(neighbours.successorFingerprint())),
                provider));
    }
}
