package io.sparklora.dataprep.privacy;

import java.util.Optional;
import java.util.regex.Pattern;
import org.apache.commons.validator.routines.CreditCardValidator;
import org.apache.commons.validator.routines.CreditCardValidator.CreditCardRange;

/**
 * Payment card numbers (ISO/IEC 7812), in one piece or in groups: the length and the first digits of an issuer, and the
 * Luhn check digit. Issuers that commons-validator does not know, by what they publish: JCB 3528 to 3589, UnionPay 62 (16
 * to 19 digits), Maestro 5018, 5020, 5038, 5893, 6304, 6759, 6761 to 6763 (12 to 19 digits).
 */
final class Cards {
    private static final Pattern CANDIDATES =
            Pattern.compile("(?<![0-9A-Za-z_.])[0-9](?:[ -]?[0-9]){11,18}(?![0-9A-Za-z_])");
    private static final int FEWEST_DIGITS = 12;
    private static final int JCB_DIGITS = 16;
    private static final int MOST_DIGITS = 19;

    private static final CreditCardValidator KNOWN = new CreditCardValidator(CreditCardValidator.AMEX
            + CreditCardValidator.VISA
            + CreditCardValidator.MASTERCARD
            + CreditCardValidator.DISCOVER
            + CreditCardValidator.DINERS);
    private static final CreditCardValidator OTHERS = new CreditCardValidator(new CreditCardRange[] {
        new CreditCardRange("3528", "3589", JCB_DIGITS, JCB_DIGITS),
        new CreditCardRange("62", "62", JCB_DIGITS, MOST_DIGITS),
        new CreditCardRange("5018", "5018", FEWEST_DIGITS, MOST_DIGITS),
        new CreditCardRange("5020", "5020", FEWEST_DIGITS, MOST_DIGITS),
        new CreditCardRange("5038", "5038", FEWEST_DIGITS, MOST_DIGITS),
        new CreditCardRange("5893", "5893", FEWEST_DIGITS, MOST_DIGITS),
        new CreditCardRange("6304", "6304", FEWEST_DIGITS, MOST_DIGITS),
        new CreditCardRange("6759", "6759", FEWEST_DIGITS, MOST_DIGITS),
        new CreditCardRange("6761", "6763", FEWEST_DIGITS, MOST_DIGITS),
    });

    private Cards() {}

    static Detector detector() {
        return new PatternDetector("[0-9]([ -]?[0-9]){11}", CANDIDATES, Cards::number);
    }

    /** The longest part that ends with a group and is valid: an expiry date may follow. */
    private static Optional<Span> number(String candidate) {
        for (int end = candidate.length(); end >= FEWEST_DIGITS; end--) {
            boolean endsGroup = end == candidate.length() || " -".indexOf(candidate.charAt(end)) >= 0;
            if (endsGroup && isValid(candidate.substring(0, end))) {
                return Optional.of(new Span(0, end));
            }
        }
        return Optional.empty();
    }

    private static boolean isValid(String groups) {
        String number = groups.replace(" ", "").replace("-", "");
        return KNOWN.isValid(number) || OTHERS.isValid(number);
    }
}
