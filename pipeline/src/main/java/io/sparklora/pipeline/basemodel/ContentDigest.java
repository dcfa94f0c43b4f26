package io.sparklora.pipeline.basemodel;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** Builds a {@link ContentHash}. Not for use by several threads. */
final class ContentDigest {
    private static final int CHUNK_BYTES = 1 << 20;

    private final MessageDigest sha256;

    ContentDigest() {
        try {
            sha256 = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    /** Adds all bytes of a source. */
    ContentDigest add(ByteSource source) {
        byte[] chunk = new byte[(int) Math.min(CHUNK_BYTES, source.size())];
        for (long at = 0; at < source.size(); at += CHUNK_BYTES) {
            int length = (int) Math.min(CHUNK_BYTES, source.size() - at);
            source.read(at, chunk, 0, length);
            sha256.update(chunk, 0, length);
        }
        return this;
    }

    /**
     * Adds a source as one of several: first the UTF-8 length of its name (4 bytes, big-endian), the name, its size (8
     * bytes), so that no two sets of files run into one another.
     */
    ContentDigest addFramed(String name, ByteSource source) {
        byte[] utf8 = name.getBytes(StandardCharsets.UTF_8);
        ByteBuffer frame = ByteBuffer.allocate(4 + utf8.length + 8);
        sha256.update(frame.putInt(utf8.length).put(utf8).putLong(source.size()).array());
        return add(source);
    }

    ContentHash finish() {
        return new ContentHash(HexFormat.of().formatHex(sha256.digest()));
    }
}
