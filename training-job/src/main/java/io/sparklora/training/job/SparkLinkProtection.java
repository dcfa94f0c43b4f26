package io.sparklora.training.job;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.training.collective.ClearText;
import io.sparklora.training.collective.LinkProtection;
import io.sparklora.training.collective.Membership;
import io.sparklora.training.collective.PinnedCertificates;
import io.sparklora.training.collective.StoredCertificates;
import io.sparklora.training.collective.StoredCertificates.Store;
import java.io.File;
import java.io.IOException;
import java.security.KeyStore;
import java.util.Optional;
import org.apache.spark.SSLOptions;
import org.apache.spark.SecurityManager;
import scala.Option;
import scala.jdk.javaapi.OptionConverters;

/**
 * How a ring's links are protected under Spark's own settings, so that there is one place to turn encryption on:
 *
 * <ul>
 *   <li>{@code spark.ssl.rpc.enabled} with a key store and a trust store: TLS by these.
 *   <li>{@code spark.ssl.rpc.enabled} with less, or {@code spark.authenticate} with {@code spark.network.crypto.enabled}
 *       (or SASL encryption): TLS by certificates made for the attempt, whose fingerprints come through the barrier, that
 *       is, over the RPC that these settings protect.
 *   <li>Otherwise clear text, as all that Spark itself sends.
 * </ul>
 */
final class SparkLinkProtection {
    private SparkLinkProtection() {}

    static LinkProtection of(SecurityManager security, Membership me) {
        SSLOptions ssl = security.getRpcSSLOptions();
        if (ssl.enabled() && ssl.keyStore().isDefined() && ssl.trustStore().isDefined()) {
            return stored(ssl, me);
        }
        boolean encrypted = security.isAuthenticationEnabled() && security.isEncryptionEnabled();
        return ssl.enabled() || encrypted ? PinnedCertificates.create(me) : new ClearText();
    }

    private static LinkProtection stored(SSLOptions ssl, Membership me) {
        try {
            return StoredCertificates.open(
                    store(ssl.keyStore().get(), ssl.keyStoreType(), ssl.keyStorePassword()),
                    OptionConverters.toJava(ssl.keyPassword()),
                    store(ssl.trustStore().get(), ssl.trustStoreType(), ssl.trustStorePassword()));
        } catch (IOException e) {
            throw new StageFailure(ExitCode.USAGE, me + ", spark.ssl.rpc.*: " + e.getMessage(), e);
        }
    }

    private static Store store(File file, Option<String> type, Option<String> password) {
        Optional<String> named = OptionConverters.toJava(type);
        return new Store(file.toPath(), named.orElseGet(KeyStore::getDefaultType), OptionConverters.toJava(password));
    }
}
