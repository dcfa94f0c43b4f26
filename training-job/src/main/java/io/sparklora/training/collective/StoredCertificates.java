package io.sparklora.training.collective;

import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.Optional;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLException;
import javax.net.ssl.TrustManagerFactory;

/**
 * TLS by a cluster's own certificates: a rank shows the one in its key store and takes a neighbour's where the trust
 * store vouches for it. As in Spark's own RPC, the host names in certificates are not compared with addresses.
 */
public final class StoredCertificates implements LinkProtection {
    private final KeyManagerFactory keys;
    private final TrustManagerFactory trust;

    private StoredCertificates(KeyManagerFactory keys, TrustManagerFactory trust) {
        this.keys = keys;
        this.trust = trust;
    }

    /**
     * A key store in a file.
     *
     * @param type as {@link KeyStore#getInstance(String)} names it
     * @param password of the store; empty for none
     */
    public record Store(Path file, String type, Optional<String> password) {
        private KeyStore open() throws IOException, GeneralSecurityException {
            KeyStore store = KeyStore.getInstance(type);
            try (InputStream in = Files.newInputStream(file)) {
                store.load(in, password.map(String::toCharArray).orElse(null));
                return store;
            } catch (IOException e) {
                throw new IOException(file + " (" + type + ") cannot be read: " + e.getMessage(), e);
            }
        }

        @Override
        public String toString() {
            return file + " (" + type + ")";
        }
    }

    /**
     * Opens both stores.
     *
     * @param keyPassword of the private key
     * @throws IOException if a store cannot be read or holds no usable key or certificate; names its file
     */
    public static StoredCertificates open(Store keyStore, Optional<String> keyPassword, Store trustStore)
            throws IOException {
        Store current = keyStore;
        try {
            KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            keys.init(
                    keyStore.open(),
                    keyPassword.or(keyStore::password).map(String::toCharArray).orElse(null));
            current = trustStore;
            TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(trustStore.open());
            return new StoredCertificates(keys, trust);
        } catch (GeneralSecurityException e) {
            throw new IOException(current + " cannot be used: " + e.getMessage(), e);
        }
    }

    @Override
    public String fingerprint() {
        return "";
    }

    @Override
    public Optional<SslContext> acceptor(Neighbours neighbours) throws SSLException {
        return Optional.of(Tls.mutual(SslContextBuilder.forServer(keys).trustManager(trust), Tls.fastestProvider()));
    }

    @Override
    public Optional<SslContext> connector(Neighbours neighbours) throws SSLException {
        return Optional.of(
                Tls.mutual(SslContextBuilder.forClient().keyManager(keys).trustManager(trust), Tls.fastestProvider()));
    }
}
