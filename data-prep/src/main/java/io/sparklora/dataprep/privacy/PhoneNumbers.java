package io.sparklora.dataprep.privacy;

import com.google.i18n.phonenumbers.PhoneNumberMatch;
import com.google.i18n.phonenumbers.PhoneNumberUtil;
import java.util.ArrayList;
import java.util.List;

/**
 * Phone numbers that libphonenumber finds and holds for assigned (its leniency VALID): those with {@code +} and a country
 * code, and those of some regions as they are written there.
 */
final class PhoneNumbers implements Detector {
    /** ASCII, Arabic-Indic, Persian, Devanagari and full-width digits. */
    private static final String DIGIT = "[0-9\u0660-\u0669\u06F0-\u06F9\u0966-\u096F\uFF10-\uFF19]";

    private static final String NO_REGION = "ZZ";

    private final String region;

    private PhoneNumbers(String region) {
        this.region = region;
    }

    /** One for each region; without any, one for international numbers. */
    static List<Detector> detectors(List<String> regions) {
        List<Detector> detectors = new ArrayList<>();
        regions.forEach(region -> detectors.add(new PhoneNumbers(region)));
        return detectors.isEmpty() ? List.of(new PhoneNumbers(NO_REGION)) : List.copyOf(detectors);
    }

    @Override
    public String gate() {
        // Spelled out: the GPU does not repeat groups that repeat something.
        return (DIGIT + "[^0-9A-Za-z\n]{0,5}").repeat(5) + DIGIT;
    }

    @Override
    public List<Span> find(String text) {
        List<Span> found = new ArrayList<>();
        Iterable<PhoneNumberMatch> matches =
                PhoneNumberUtil.getInstance().findNumbers(text, region, PhoneNumberUtil.Leniency.VALID, Long.MAX_VALUE);
        matches.forEach(match -> found.add(new Span(match.start(), match.end())));
        return found;
    }
}
