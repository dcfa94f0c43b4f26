package io.sparklora.training.collective;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * What the ranks of a run know and strangers don't. Peers prove it with HMAC-SHA256 over the greeting and the
 * acceptor's nonce, each side under its own label, so that neither a recorded nor a reflected proof is accepted.
 */
public final class SharedSecret {
    static final int NONCE_BYTES = 16;
    static final int PROOF_BYTES = 32;

    private static final String ALGORITHM = "HmacSHA256";
    private static final SecureRandom RANDOM = new SecureRandom();

    /** Which side proves. */
    enum Side {
        CONNECTOR,
        ACCEPTOR
    }

    private final SecretKeySpec key;

    private SharedSecret(byte[] key) {
        this.key = new SecretKeySpec(key, ALGORITHM);
    }

    /** The secret of a cluster with {@code spark.authenticate}; must not be empty. */
    public static SharedSecret of(String secret) {
        if (secret.isEmpty()) {
            throw new IllegalArgumentException("a shared secret must not be empty");
        }
        return new SharedSecret(secret.getBytes(StandardCharsets.UTF_8));
    }

    /** For a cluster without authentication: greetings still tell runs and attempts apart, but prove nothing. */
    public static SharedSecret none() {
        return new SharedSecret("spark.authenticate=false".getBytes(StandardCharsets.UTF_8));
    }

    static byte[] nonce() {
        byte[] nonce = new byte[NONCE_BYTES];
        RANDOM.nextBytes(nonce);
        return nonce;
    }

    byte[] prove(Side side, byte[] hello, byte[] acceptorNonce) {
        try {
            Mac mac = Mac.getInstance(ALGORITHM);
            mac.init(key);
            mac.update(side.name().getBytes(StandardCharsets.US_ASCII));
            mac.update(hello);
            return mac.doFinal(acceptorNonce);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this JVM has no " + ALGORITHM, e);
        }
    }

    boolean verify(Side side, byte[] hello, byte[] acceptorNonce, byte[] proof) {
        return MessageDigest.isEqual(prove(side, hello, acceptorNonce), proof);
    }

    @Override
    public String toString() {
        return "SharedSecret(hidden)";
    }
}
