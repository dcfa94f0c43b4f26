package io.sparklora.pipeline;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** The version of Spark LoRA that runs, as the build wrote it beside this class. */
public final class CodeVersion {
    private CodeVersion() {}

    /** Such as {@code 0.1.0}. */
    public static String current() {
        try (InputStream in = CodeVersion.class.getResourceAsStream("version.txt")) {
            if (in == null) {
                throw new IllegalStateException("the jar holds no version.txt");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).strip();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
