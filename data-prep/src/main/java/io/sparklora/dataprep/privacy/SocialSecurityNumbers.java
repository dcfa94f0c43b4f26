package io.sparklora.dataprep.privacy;

import java.util.regex.Pattern;

/**
 * United States social security numbers, written in their three groups. The Social Security Administration never assigns
 * area 000, 666 or 900 to 999, group 00 or serial 0000 (SSA, "Social Security Number Randomization",
 * https://www.ssa.gov/employer/randomization.html).
 */
final class SocialSecurityNumbers {
    private static final Pattern CANDIDATES =
            Pattern.compile("(?<![0-9A-Za-z_.-])[0-9]{3}([ -])[0-9]{2}\\1[0-9]{4}(?![0-9A-Za-z_]|[.-][0-9])");
    private static final int GROUP_START = 4;
    private static final int GROUP_END = 6;
    private static final int SERIAL_START = 7;

    private SocialSecurityNumbers() {}

    static Detector detector() {
        return new PatternDetector(
                "[0-9]{3}[ -][0-9]{2}[ -][0-9]{4}",
                CANDIDATES, PatternDetector.whole(SocialSecurityNumbers::canBeAssigned));
    }

    private static boolean canBeAssigned(String number) {
        return !number.startsWith("000")
                && !number.startsWith("666")
                && !number.startsWith("9")
                && !number.substring(GROUP_START, GROUP_END).equals("00")
                && !number.substring(SERIAL_START).equals("0000");
    }
}
