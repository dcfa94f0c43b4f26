package io.sparklora.training.collective;

import java.net.InetSocketAddress;

/**
 * What a rank has been told, by a way that it trusts, of the two ranks that it has links with.
 *
 * @param successor where the successor listens
 * @param successorFingerprint what the successor's {@link LinkProtection#fingerprint()} is
 * @param predecessorFingerprint likewise of the predecessor
 */
public record Neighbours(InetSocketAddress successor, String successorFingerprint, String predecessorFingerprint) {
    /** Neighbours whose certificates, if they have any, are not known one by one. */
    public static Neighbours withoutFingerprints(InetSocketAddress successor) {
        return new Neighbours(successor, "", "");
    }
}
