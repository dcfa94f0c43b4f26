package io.sparklora.dataprep.privacy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.sparklora.pipeline.config.PrivacyConfig;
import io.sparklora.pipeline.config.PrivacyConfig.Kind;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class RedactorTest {
    private static final List<String> REGIONS = List.of("US", "DE");
    private static final Redactor ALL = redactor(Kind.values());

    private static Redactor redactor(Kind... kinds) {
        return new Redactor(new PrivacyConfig(List.of(kinds), List.of(), REGIONS));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            ignoreLeadingAndTrailingWhitespace = true,
            value = {
                "write to jane.doe+x@example.co.uk.            | write to <EMAIL>.",
                "<mailto:Jane_Doe@example.com>, bye            | <mailto:<EMAIL>>, bye",
                "'o@example.org' or O'Brien@example.org        | '<EMAIL>' or <EMAIL>",
                "müller@bücher.example.de                      | <EMAIL>",
                "ask me@example.com.Then go                    | ask <EMAIL>.Then go",
                "no a@b, @user, x@y.invalidtld, a b@ c.com     | no a@b, @user, x@y.invalidtld, a b@ c.com",
                "邮箱foo@example.com里                           | 邮箱<EMAIL>里",
            })
    void findsEmailAddresses(String text, String redacted) {
        assertThat(redactor(Kind.EMAIL).redact(text).text()).isEqualTo(redacted);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "call (212) 555-0142 now           | call <PHONE> now",
                "call 212.555.0142, thanks         | call <PHONE>, thanks",
                "tel. +44 20 7946 0958             | tel. <PHONE>",
                "Berlin 030 23125 111              | Berlin <PHONE>",
                "founded 1984, part 12, 3.14159265 | founded 1984, part 12, 3.14159265",
                "on 2021-05-06 12:30:45            | on 2021-05-06 12:30:45",
                "id 12345678901234567890           | id 12345678901234567890",
            })
    void findsPhoneNumbersThatAreAssigned(String text, String redacted) {
        assertThat(redactor(Kind.PHONE).redact(text).text()).isEqualTo(redacted);
    }

    @Test
    void findsNationalPhoneNumbersOfTheRegionsAlone() {
        Redactor nowhere = new Redactor(new PrivacyConfig(List.of(Kind.PHONE), List.of(), List.of()));

        assertThat(nowhere.redact("(212) 555-0142 or +1 212-555-0142").text()).isEqualTo("(212) 555-0142 or <PHONE>");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "from 203.0.113.7:8080 and 10.1.2.3.   | from <IP_ADDRESS>:8080 and <IP_ADDRESS>.",
                "at 2001:db8::8a2e:370:7334, [fe80::1] | at <IP_ADDRESS>, [<IP_ADDRESS>]",
                "it was 2001:db8::1: gone              | it was <IP_ADDRESS>: gone",
                "mapped ::ffff:192.0.2.128             | mapped <IP_ADDRESS>",
                "127.0.0.1 0.0.0.0 ::1 ::              | 127.0.0.1 0.0.0.0 ::1 ::",
                "v1.2.3.4.5 256.1.1.1 1.2.3 1.2.3.456  | v1.2.3.4.5 256.1.1.1 1.2.3 1.2.3.456",
                "12:30:45 std::add add::face a::b::c   | 12:30:45 std::add add::face a::b::c",
                "00:1b:44:11:3a:b7                     | 00:1b:44:11:3a:b7",
            })
    void findsIpAddressesThatAreSomeones(String text, String redacted) {
        assertThat(redactor(Kind.IP_ADDRESS).redact(text).text()).isEqualTo(redacted);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "IBAN DE89 3704 0044 0532 0130 00 BIC COBADEFF | IBAN <IBAN> BIC COBADEFF",
                "GB82WEST12345698765432, gb82west12345698765432 | <IBAN>, <IBAN>",
                "NO93 8601 1117 947.                            | <IBAN>.",
                "DE88 3704 0044 0532 0130 00                    | DE88 3704 0044 0532 0130 00",
                "XX12 GB82 WEST 1234 5698 7654 32               | XX12 <IBAN>",
                "ZZ89370400440532013000                         | ZZ89370400440532013000",
            })
    void findsIbansByTheirCheckDigits(String text, String redacted) {
        assertThat(redactor(Kind.IBAN).redact(text).text()).isEqualTo(redacted);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "4111 1111 1111 1111 12/27        | <CARD> 12/27",
                "5555555555554444,3782-822463-10005 | <CARD>,<CARD>",
                "no 12 4111 1111 1111 1111        | no 12 <CARD>",
                "3530111333300000 6200000000000005 6759649826438453 | <CARD> <CARD> <CARD>",
                "4111 1111 1111 1112              | 4111 1111 1111 1112",
                "3530111333300001 6200000000000006 | 3530111333300001 6200000000000006",
                "1234567890123452                 | 1234567890123452",
                "41111111111111111111111111111111 | 41111111111111111111111111111111",
                "0.4111111111111111               | 0.4111111111111111",
            })
    void findsCardsByIssuerAndCheckDigit(String text, String redacted) {
        assertThat(redactor(Kind.CARD).redact(text).text()).isEqualTo(redacted);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "SSN 536-90-4399.                    | SSN <SSN>.",
                "536 90 4399                         | <SSN>",
                "000-12-3456 666-12-3456 900-12-3456 | 000-12-3456 666-12-3456 900-12-3456",
                "536-00-4399 536-90-0000 536-90 4399 | 536-00-4399 536-90-0000 536-90 4399",
                "1536-90-4399 536-90-43991           | 1536-90-4399 536-90-43991",
            })
    void findsSocialSecurityNumbersThatCanBeAssigned(String text, String redacted) {
        assertThat(redactor(Kind.SSN).redact(text).text()).isEqualTo(redacted);
    }

    @Test
    void findsTheKeysOfEveryServiceOnItsList() {
        List<String> keys = Secrets.apiKeys();

        for (String key : keys) {
            assertThat(redactor(Kind.API_KEY).redact("key: " + key + ", then").text())
                    .as(key)
                    .isEqualTo("key: <API_KEY>, then");
        }
        assertThat(keys).hasSizeGreaterThanOrEqualTo(ApiKeys.values().length - 2);
    }

    @Test
    void takesTheValueBesideANameAndLeavesTheName() {
        Redactor redactor = redactor(Kind.API_KEY);
        String secret = "abcdefghij/klmnopqrst+uvwxyzABCDEFGHIJKL";

        assertThat(redactor.redact("aws_secret_access_key = " + secret + "\nregion")
                        .text())
                .isEqualTo("aws_secret_access_key = <API_KEY>\nregion");
        assertThat(redactor.redact("\"SecretAccessKey\": \"" + secret + "\"").text())
                .isEqualTo("\"SecretAccessKey\": \"<API_KEY>\"");
        assertThat(redactor.redact("AccountKey=" + "Ab1/".repeat(21) + "Zz==;").text())
                .isEqualTo("AccountKey=<API_KEY>;");
        assertThat(redactor.redact(secret + " AKIA ghp_short sk-learn eyJhbGciOi.eyJ.x task-force")
                        .text())
                .isEqualTo(secret + " AKIA ghp_short sk-learn eyJhbGciOi.eyJ.x task-force");
    }

    @Test
    void takesAPrivateKeyWholeAndWithoutItsEndAsFarAsItsLinesGo() {
        Redactor redactor = redactor(Kind.PRIVATE_KEY);
        String body = ("MIIEvQIBADANBgkqhkiG9w0BAQEFAASC" + "A".repeat(32) + "\n").repeat(5);

        assertThat(redactor.redact("a\n-----BEGIN PRIVATE KEY-----\n" + body + "-----END PRIVATE KEY-----\nb")
                        .text())
                .isEqualTo("a\n<PRIVATE_KEY>\nb");
        assertThat(redactor.redact("-----BEGIN OPENSSH PRIVATE KEY-----\n" + body + "and then words")
                        .text())
                .isEqualTo("<PRIVATE_KEY>\nand then words");
        assertThat(redactor.redact("-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: 1\n\n" + body
                                + "-----END PGP PRIVATE KEY BLOCK----- x -----BEGIN RSA PRIVATE KEY-----\n" + body
                                + "-----END RSA PRIVATE KEY-----")
                        .text())
                .isEqualTo("<PRIVATE_KEY> x <PRIVATE_KEY>");
        assertThat(redactor.redact("-----BEGIN PUBLIC KEY-----\n" + body).values()[Kind.PRIVATE_KEY.ordinal()])
                .isZero();
    }

    @Test
    void countsEachValueOnceAndForOneKind() {
        Redactor.Redacted redacted =
                ALL.redact("4111111111111111, 536-90-4399, 203.0.113.7, 203.0.113.8, +1 212 555 0142, a@example.com");

        assertThat(redacted.text()).isEqualTo("<CARD>, <SSN>, <IP_ADDRESS>, <IP_ADDRESS>, <PHONE>, <EMAIL>");
        assertThat(redacted.values()).containsExactly(0, 0, 1, 0, 1, 1, 2, 1);
    }

    @Test
    void everySecretPassesTheGate() {
        List<Pattern> gates = ALL.gates().stream().map(Pattern::compile).toList();

        for (String secret : Secrets.all()) {
            assertThat(gates).as(secret).anyMatch(gate -> gate.matcher(secret).find());
            assertThat(ALL.redact("x " + secret + " y").isChanged()).as(secret).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a",
                "a.",
                "a@",
                "a@a.",
                "1",
                "1 ",
                "1-",
                "1.",
                "1:",
                ":",
                "a:",
                "+1 ",
                "(1",
                "-----BEGIN PRIVATE KEY-----",
                "-----BEGIN PRIVATE KEY-----\n",
                "BEGIN ",
                "-",
                "eyJ",
                "eyJaaaaaaaaaaa.",
                "eyJaaaaaaaaaaa.eyJa.",
                "sk-",
                "sk-a-",
                "DE89 ",
                "de89",
                "AA00",
                "xoxb-",
                "ghp_",
                "secretaccesskey",
                "secretaccesskey= ",
                "AccountKey=",
                "11:",
                "4111 ",
                "536-90-",
                "212-555-0142 ",
                "SG.",
                "1/",
                "1x",
                "\n",
                "\u0660"
            })
    void takesTimeThatGrowsNoFasterThanTheText(String piece) {
        String text = piece.repeat(100_000 / piece.length());

        // An exponential pattern would never end; on any machine, a linear one takes a few seconds.
        Assertions.assertTimeoutPreemptively(Duration.ofMinutes(1), () -> ALL.redact(text));
    }

    @Test
    void survivesRandomTexts() {
        Random random = new Random(7);
        String alphabet = "0123456789abcdefghABCDEFGH@.:-+ ()/_\n'\"=";
        for (int i = 0; i < 300; i++) {
            String text = random.ints(random.nextInt(2000), 0, alphabet.length())
                    .collect(
                            StringBuilder::new,
                            (out, letter) -> out.append(alphabet.charAt(letter)),
                            StringBuilder::append)
                    .toString();
            assertThatCode(() -> ALL.redact(text)).doesNotThrowAnyException();
            boolean changed = ALL.redact(text).isChanged();
            boolean gated = ALL.gates().stream()
                    .anyMatch(gate -> Pattern.compile(gate).matcher(text).find());
            assertThat(gated || !changed).as(text).isTrue();
        }
    }
}
