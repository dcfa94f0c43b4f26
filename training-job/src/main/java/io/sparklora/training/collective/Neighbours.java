package io.sparklora.training.collective;

import java.net.InetSocketAddress;

/**
 * What a rank has been told, by a way that it trusts, of the two ranks that it has links with.
 *
 * @param successor where the successor listens
 * @param successorFingerprint what the successor's {@link LinkProtection#fingerprint()} is
 * @param predecessorFingerprint likewise of the predecessor
 */
public record Neighbours(InetSocketAddress successor, String successorFingerprint, String predecessorFingerprint) {}
