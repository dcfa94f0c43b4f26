package io.sparklora.dataprep.privacy;

import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.apache.commons.validator.routines.InetAddressValidator;

/**
 * IPv6 and IPv4 addresses. Those that stand for any machine or for the same one ({@code 0.0.0.0}, {@code 127.x.x.x},
 * {@code ::}, {@code ::1}) tell nothing of anyone and are left alone, and so is what is an IPv6 address without a decimal
 * digit, such as {@code add::face}: in practice, a name in a program.
 */
final class IpAddresses {
    private static final Pattern V6_CANDIDATES =
            Pattern.compile("(?<![0-9A-Za-z_:.])[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:.]{1,40}+(?![0-9A-Za-z_])");
    private static final Pattern V4_CANDIDATES =
            Pattern.compile("(?<![0-9A-Za-z_.])(?:[0-9]{1,3}\\.){3}[0-9]{1,3}(?![0-9A-Za-z_]|\\.[0-9])");
    private static final Pattern OF_NOBODY = Pattern.compile("0\\.0\\.0\\.0|127\\..*|[0:]*:[01]?|[^0-9]*");

    private IpAddresses() {}

    static List<Detector> detectors() {
        return List.of(
                new PatternDetector(":[0-9A-Fa-f]{0,4}:", V6_CANDIDATES, IpAddresses::v6),
                new PatternDetector(
                        "[0-9]\\.[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]",
                        V4_CANDIDATES,
                        PatternDetector.whole(IpAddresses::isV4)));
    }

    private static boolean isV4(String candidate) {
        return InetAddressValidator.getInstance().isValidInet4Address(candidate) && isSomeones(candidate);
    }

    /** With or without the full stop or colon that ends a clause. */
    private static Optional<Span> v6(String candidate) {
        int last = candidate.length() - 1;
        int shortest = ".:".indexOf(candidate.charAt(last)) >= 0 ? last : candidate.length();
        for (int end = candidate.length(); end >= shortest; end--) {
            String address = candidate.substring(0, end);
            if (InetAddressValidator.getInstance().isValidInet6Address(address) && isSomeones(address)) {
                return Optional.of(new Span(0, end));
            }
        }
        return Optional.empty();
    }

    private static boolean isSomeones(String address) {
        return !OF_NOBODY.matcher(address).matches();
    }
}
