package io.sparklora.dataprep.privacy;

import java.util.Optional;
import java.util.regex.Pattern;
import org.apache.commons.validator.routines.EmailValidator;

/**
 * E-mail addresses (RFC 5321's lengths), of letters of the Latin, Greek and Cyrillic scripts: in scripts without spaces
 * between words, an address would take the words before it along. commons-validator knows the top-level domains.
 */
final class Emails {
    private static final String LETTERS = "\\p{IsLatin}\\p{IsGreek}\\p{IsCyrillic}0-9";
    private static final String LOCAL = "[" + LETTERS + "._%+'-]";
    private static final String LABEL = "[" + LETTERS + "-]{1,63}";
    private static final Pattern CANDIDATES =
            Pattern.compile("(?<!" + LOCAL + ")" + LOCAL + "{1,64}+@" + LABEL + "(?:\\." + LABEL + "){1,8}");

    private Emails() {}

    static Detector detector() {
        return new PatternDetector("@", CANDIDATES, Emails::address);
    }

    /** Without marks that precede the address, and without the words that follow its domain after a full stop. */
    private static Optional<Span> address(String candidate) {
        int start = 0;
        while (".'-".indexOf(candidate.charAt(start)) >= 0) {
            start++;
        }
        int at = candidate.indexOf('@');
        for (int end = candidate.length(); end > at; end = candidate.lastIndexOf('.', end - 1)) {
            if (EmailValidator.getInstance().isValid(candidate.substring(start, end))) {
                return Optional.of(new Span(start, end));
            }
        }
        return Optional.empty();
    }
}
