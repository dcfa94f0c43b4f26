package io.sparklora.training.model;

import java.util.List;

/**
 * The manifest of a weight cache, {@code index.json}; the files hold nothing but numbers in little-endian order. Where
 * each tensor lies follows from the shape ({@link WeightPlan}).
 *
 * @param format version of the layout
 * @param base content hash of the base model
 * @param type how the linear weights are stored
 * @param files the linear weights, then the norms
 */
record WeightIndex(int format, String base, WeightType type, List<File> files) {
    /** Copies the list. */
    WeightIndex {
        files = List.copyOf(files);
    }

    /**
     * One file.
     *
     * @param name below the cache's directory
     * @param bytes its length
     * @param crc32c its CRC-32C (RFC 3720); the cache is derived data of our own, so the enemy is damage, not forgery
     */
    record File(String name, long bytes, long crc32c) {}
}
