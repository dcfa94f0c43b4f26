package io.sparklora.dataprep.privacy;

import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import org.apache.commons.validator.routines.IBANValidator;

/**
 * International bank account numbers (ISO 13616), in one piece or in groups: a country of the SWIFT registry, its length
 * and format, and the remainder 1 modulo 97.
 */
final class Ibans {
    private static final Pattern CANDIDATES =
            Pattern.compile("(?<![0-9A-Za-z])[A-Za-z]{2}[0-9]{2}(?:[ -]?[0-9A-Za-z]){11,30}+");
    private static final int SHORTEST = 15;

    private Ibans() {}

    static Detector detector() {
        return new PatternDetector("[A-Za-z][A-Za-z][0-9][0-9][ -]?[0-9A-Za-z]", CANDIDATES, Ibans::number);
    }

    /** The longest part that ends with a group and is valid: words may follow. */
    private static Optional<Span> number(String candidate) {
        for (int end = candidate.length(); end >= SHORTEST; end--) {
            boolean endsGroup = end == candidate.length() || " -".indexOf(candidate.charAt(end)) >= 0;
            if (endsGroup && isValid(candidate.substring(0, end))) {
                return Optional.of(new Span(0, end));
            }
        }
        return Optional.empty();
    }

    private static boolean isValid(String groups) {
        String number = groups.replace(" ", "").replace("-", "").toUpperCase(Locale.ROOT);
        return IBANValidator.getInstance().isValid(number);
    }
}
