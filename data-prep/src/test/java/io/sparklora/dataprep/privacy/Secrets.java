package io.sparklora.dataprep.privacy;

import java.util.ArrayList;
import java.util.List;

/**
 * Values that look like personal data and secrets: numbers from the ranges reserved for examples, and keys of the right
 * form that nobody was given. Keys are put together from pieces, so that no scanner takes this file for a leak.
 */
public final class Secrets {
    private static final String LETTERS = "Zb3Kd9Qw7Xe5Rt1Yu4Ip6Ao8Sg2Hj0LmCvBnMfTzWqDrEsGyJxUkVhPaNoFiOl";

    private Secrets() {}

    private static String letters(int length) {
        return LETTERS.repeat(length / LETTERS.length() + 1).substring(0, length);
    }

    private static String hex(int length) {
        return "9f86d081884c7d659a2feaa0c55ad015".repeat(length / 32 + 1).substring(0, length);
    }

    /** One or more of every service. */
    static List<String> apiKeys() {
        return List.of(
                "AKIA" + "Z7QWERTY4UIOPAS2",
                "ASIA" + "Z7QWERTY4UIOPAS3",
                "ghp_" + letters(36),
                "ghs_" + letters(36),
                "github_pat_" + letters(22) + "_" + letters(59),
                "glpat-" + letters(20),
                "xoxb-" + "123456789012-1234567890123-" + letters(24),
                "xapp-" + "1-A0123456789-1234567890123-" + hex(64),
                "hooks.slack.com/" + "services/T00000000/B00000000/" + letters(24),
                "sk_live_" + letters(24),
                "whsec_" + letters(32),
                "AIza" + letters(35),
                "GOCSPX-" + letters(28),
                "sk-proj-" + letters(48),
                "sk-ant-api03-" + letters(60),
                "hf_" + letters(34),
                "npm_" + letters(36),
                "pypi-" + "AgEIcHlwaS5vcmc" + letters(60),
                "SG." + letters(22) + "." + letters(43),
                "SK" + hex(32),
                "dop_v1_" + hex(64),
                "shpat_" + hex(32),
                "dapi" + hex(32),
                "cfut_" + letters(48),
                "123456789:" + letters(35),
                "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9." + "eyJzdWIiOiIxMjM0NTY3ODkwIn0." + letters(43));
    }

    /** Every kind, forty values and more. */
    public static List<String> all() {
        List<String> all = new ArrayList<>(apiKeys());
        all.addAll(List.of(
                "jane.doe@example.com",
                "o.brien+news@mail.example.org",
                "müller@example.de",
                "+1 212-555-0142",
                "(415) 555-0198",
                "+44 20 7946 0958",
                "+49 30 23125 112",
                "203.0.113.77",
                "198.51.100.23",
                "2001:db8::8a2e:370:7334",
                "DE89 3704 0044 0532 0130 00",
                "GB82WEST12345698765432",
                "FR1420041010050500013M02606",
                "4111 1111 1111 1111",
                "5555555555554444",
                "378282246310005",
                "536-90-4399",
                "219-09-9998",
                "-----BEGIN PRIVATE KEY-----\n" + letters(64) + "\n" + letters(64) + "\n-----END PRIVATE KEY-----",
                "-----BEGIN OPENSSH PRIVATE KEY-----\n" + letters(70) + "\n-----END OPENSSH PRIVATE KEY-----"));
        return List.copyOf(all);
    }
}
