package io.sparklora.dataprep.language;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import opennlp.tools.langdetect.Language;
import opennlp.tools.langdetect.LanguageDetectorME;
import opennlp.tools.langdetect.LanguageDetectorModel;

/**
 * Identifies languages with Apache OpenNLP's model of 103 languages (docs/decisions/0007-opennlp-identifies-languages.md).
 * The model is read once a JVM, when it is first needed; it takes 35 MB of heap. Thread-safe.
 */
final class Identifier {
    private static final String MODEL = "/langdetect-183.bin";
    private static final LanguageDetectorModel SHARED = read();
    private static final ThreadLocal<LanguageDetectorME> OF_THREAD =
            ThreadLocal.withInitial(() -> new LanguageDetectorME(SHARED));

    private Identifier() {}

    /**
     * The likeliest language of a text.
     *
     * @return an ISO 639-3 code with its probability among all languages
     */
    static Language identify(String text) {
        return OF_THREAD.get().predictLanguages(text)[0];
    }

    /** Every language that can be identified, sorted. */
    static List<String> languages() {
        return Stream.of(OF_THREAD.get().getSupportedLanguages()).sorted().toList();
    }

    private static LanguageDetectorModel read() {
        try (InputStream model = LanguageDetectorModel.class.getResourceAsStream(MODEL)) {
            return new LanguageDetectorModel(Objects.requireNonNull(model, MODEL));
        } catch (IOException e) {
            throw new UncheckedIOException(MODEL + " can't be read", e);
        }
    }
}
