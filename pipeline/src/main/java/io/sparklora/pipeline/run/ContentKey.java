package io.sparklora.pipeline.run;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/**
 * The name of something that follows from its inputs: the SHA-256 of what it is made of. Equal inputs give equal keys
 * on every machine, so a retry, a backfill and a duplicate trigger meet in one directory.
 *
 * @param hex 64 lower-case hexadecimal digits
 */
public record ContentKey(String hex) {
    private static final int SHORT_DIGITS = 16;

    /** Checks the digits. */
    public ContentKey {
        if (!hex.matches("[0-9a-f]{64}")) {
            throw new IllegalArgumentException("a content key is 64 hexadecimal digits but was '" + hex + "'");
        }
    }

    /** The key of the parts in their order; each is framed by its length, so no two lists of parts run together. */
    public static ContentKey of(List<String> parts) {
        MessageDigest digest = sha256();
        for (String part : parts) {
            byte[] bytes = part.getBytes(StandardCharsets.UTF_8);
            digest.update((bytes.length + ":").getBytes(StandardCharsets.US_ASCII));
            digest.update(bytes);
        }
        return new ContentKey(HexFormat.of().formatHex(digest.digest()));
    }

    /** The SHA-256 of a text's UTF-8 bytes. */
    public static ContentKey ofText(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return new ContentKey(HexFormat.of().formatHex(sha256().digest(bytes)));
    }

    /** The first 16 digits: the directory's name. */
    public String directoryName() {
        return hex.substring(0, SHORT_DIGITS);
    }

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
