package io.sparklora.training.collective;

import static org.assertj.core.api.Assertions.assertThat;

import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Date;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SelfSignedCertificateTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 20, 100, 110, 127, 128, 200, 255, 256, 300, 70_000})
    void isReadAndVerifiedByTheJdkWhateverTheNamesLength(int length) throws Exception {
        X509Certificate certificate =
                SelfSignedCertificate.create("r".repeat(length)).certificate();
        certificate.verify(certificate.getPublicKey());
        assertThat(certificate.getSubjectX500Principal().getName()).isEqualTo("CN=" + "r".repeat(length));
        assertThat(certificate.getIssuerX500Principal()).isEqualTo(certificate.getSubjectX500Principal());
    }

    @Test
    void isValidWhateverTheClockSays() throws Exception {
        X509Certificate certificate = SelfSignedCertificate.create("rank 0").certificate();
        certificate.checkValidity(Date.from(Instant.parse("2001-01-01T00:00:00Z")));
        certificate.checkValidity(Date.from(Instant.parse("2999-01-01T00:00:00Z")));
    }

    @Test
    void isAnotherEachTime() {
        assertThat(PinnedTrust.fingerprint(
                        SelfSignedCertificate.create("rank 0").certificate()))
                .matches("[0-9a-f]{64}")
                .isNotEqualTo(PinnedTrust.fingerprint(
                        SelfSignedCertificate.create("rank 0").certificate()));
    }
}
