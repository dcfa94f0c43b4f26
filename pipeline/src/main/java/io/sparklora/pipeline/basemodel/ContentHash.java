package io.sparklora.pipeline.basemodel;

import java.util.regex.Pattern;

/**
 * What a base model is, whatever it is called: a SHA-256 over the bytes that decide what it computes and how it reads
 * text ({@link BaseModel#contentHash()}).
 *
 * @param sha256 64 lower-case hexadecimal digits
 */
public record ContentHash(String sha256) {
    private static final Pattern DIGITS = Pattern.compile("[0-9a-f]{64}");

    /** Checks the digits. */
    public ContentHash {
        if (!DIGITS.matcher(sha256).matches()) {
            throw new IllegalArgumentException(
                    "a content hash must be 64 lower-case hexadecimal digits but was '" + sha256 + "'");
        }
    }

    /** The digits. */
    @Override
    public String toString() {
        return sha256;
    }
}
