package io.sparklora.training.collective;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;

/**
 * A key pair on the curve P-256 that lives in this process's memory alone, and the certificate by which TLS shows its
 * public half. Nobody vouches for it and nothing in it is believed: peers know it by its fingerprint.
 *
 * <p>The JDK signs and reads certificates but has no public way to write one. This one is always of the same form,
 * version 1 of RFC 5280, section 4.1, without extensions, so that a few DER elements (ITU-T X.690) are all it takes.
 *
 * @param certificate valid whatever the peers' clocks say
 */
record SelfSignedCertificate(PrivateKey key, X509Certificate certificate) {
    private static final int SERIAL_BITS = 127;
    private static final int INTEGER = 0x02;
    private static final int BIT_STRING = 0x03;
    private static final int OBJECT_IDENTIFIER = 0x06;
    private static final int UTF8_STRING = 0x0c;
    private static final int UTC_TIME = 0x17;
    private static final int GENERALIZED_TIME = 0x18;
    private static final int SEQUENCE = 0x30;
    private static final int SET = 0x31;
    /** 1.2.840.10045.4.3.2. */
    private static final byte[] ECDSA_WITH_SHA256 = {0x2a, (byte) 0x86, 0x48, (byte) 0xce, 0x3d, 0x04, 0x03, 0x02};
    /** 2.5.4.3. */
    private static final byte[] COMMON_NAME = {0x55, 0x04, 0x03};

    private static final String NOT_BEFORE = "000101000000Z";
    /** What RFC 5280, section 4.1.2.5, gives to certificates without an end. */
    private static final String NOT_AFTER = "99991231235959Z";

    /** A new key pair and its certificate under {@code commonName}, which only logs show. */
    static SelfSignedCertificate create(String commonName) {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"));
            KeyPair pair = generator.generateKeyPair();
            byte[] algorithm = element(SEQUENCE, element(OBJECT_IDENTIFIER, ECDSA_WITH_SHA256));
            byte[] body = body(commonName, algorithm, pair.getPublic().getEncoded());
            Signature signature = Signature.getInstance("SHA256withECDSA");
            signature.initSign(pair.getPrivate());
            signature.update(body);
            byte[] certificate = element(SEQUENCE, body, algorithm, bits(signature.sign()));
            return new SelfSignedCertificate(pair.getPrivate(), (X509Certificate)
                    CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(certificate)));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this JVM cannot make a certificate with a key on P-256", e);
        }
    }

    private static byte[] body(String commonName, byte[] algorithm, byte[] publicKey) {
        byte[] serial = new BigInteger(SERIAL_BITS, new SecureRandom()).toByteArray();
        byte[] name = element(
                SEQUENCE,
                element(
                        SET,
                        element(
                                SEQUENCE,
                                element(OBJECT_IDENTIFIER, COMMON_NAME),
                                element(UTF8_STRING, commonName.getBytes(StandardCharsets.UTF_8)))));
        byte[] validity =
                element(SEQUENCE, element(UTC_TIME, ascii(NOT_BEFORE)), element(GENERALIZED_TIME, ascii(NOT_AFTER)));
        return element(SEQUENCE, element(INTEGER, serial), algorithm, name, validity, name, publicKey);
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static byte[] bits(byte[] bytes) {
        return element(BIT_STRING, new byte[] {0}, bytes);
    }

    private static byte[] element(int tag, byte[]... contents) {
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        for (byte[] part : contents) {
            content.writeBytes(part);
        }
        ByteArrayOutputStream element = new ByteArrayOutputStream();
        element.write(tag);
        if (content.size() < 0x80) {
            element.write(content.size());
        } else {
            // As many length bytes as it takes, their number first.
            byte[] length = BigInteger.valueOf(content.size()).toByteArray();
            int from = length[0] == 0 ? 1 : 0;
            element.write(0x80 | (length.length - from));
            element.write(length, from, length.length - from);
        }
        element.writeBytes(content.toByteArray());
        return element.toByteArray();
    }

    @Override
    public String toString() {
        return "SelfSignedCertificate(" + certificate.getSubjectX500Principal() + ")";
    }
}
