package io.sparklora.training.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparklora.pipeline.StageFailure;
import io.sparklora.training.collective.ClearText;
import io.sparklora.training.collective.LinkProtection;
import io.sparklora.training.collective.Membership;
import io.sparklora.training.collective.PinnedCertificates;
import io.sparklora.training.collective.StoredCertificates;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import org.apache.spark.SecurityManager;
import org.apache.spark.SecurityManager$;
import org.apache.spark.SparkConf;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SparkLinkProtectionTest {
    private static final Membership ME = new Membership("run", 0, 2, 1);

    @TempDir
    Path directory;

    private static LinkProtection of(String... keysAndValues) {
        SparkConf conf = new SparkConf(false).set("spark.master", "yarn");
        for (int i = 0; i < keysAndValues.length; i += 2) {
            conf.set(keysAndValues[i], keysAndValues[i + 1]);
        }
        return SparkLinkProtection.of(
                new SecurityManager(
                        conf,
                        SecurityManager$.MODULE$.$lessinit$greater$default$2(),
                        SecurityManager$.MODULE$.$lessinit$greater$default$3()),
                ME);
    }

    private String emptyStore(String name) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        Path file = directory.resolve(name);
        try (OutputStream out = Files.newOutputStream(file)) {
            store.store(out, "changeit".toCharArray());
        }
        return file.toString();
    }

    private LinkProtection stored(String keyStore, String trustStore) {
        return of(
                "spark.ssl.rpc.enabled", "true",
                "spark.ssl.rpc.keyStore", keyStore,
                "spark.ssl.rpc.keyStoreType", "PKCS12",
                "spark.ssl.rpc.keyStorePassword", "changeit",
                "spark.ssl.rpc.trustStore", trustStore,
                "spark.ssl.rpc.trustStoreType", "PKCS12",
                "spark.ssl.rpc.trustStorePassword", "changeit");
    }

    @Test
    void isClearTextWhereSparkSendsClearText() {
        assertThat(of()).isInstanceOf(ClearText.class);
        assertThat(of("spark.authenticate", "true")).isInstanceOf(ClearText.class);
        assertThat(of("spark.network.crypto.enabled", "true")).isInstanceOf(ClearText.class);
    }

    @Test
    void isACertificateOfItsOwnWhereTheRpcIsEncryptedByASecret() {
        LinkProtection protection = of("spark.authenticate", "true", "spark.network.crypto.enabled", "true");
        assertThat(protection).isInstanceOf(PinnedCertificates.class);
        assertThat(protection.fingerprint()).hasSize(64);
    }

    @Test
    void isTheClustersCertificateWhereTheRpcHasStores() throws Exception {
        assertThat(stored(emptyStore("keys.p12"), emptyStore("trust.p12"))).isInstanceOf(StoredCertificates.class);
    }

    @Test
    void isACertificateOfItsOwnWhereTheRpcTrustsAnyone() throws Exception {
        assertThat(of(
                        "spark.ssl.rpc.enabled", "true",
                        "spark.ssl.rpc.keyStore", emptyStore("keys.p12"),
                        "spark.ssl.rpc.keyStorePassword", "changeit"))
                .isInstanceOf(PinnedCertificates.class);
    }

    @Test
    void namesTheStoreThatIsNotThere() throws Exception {
        String keys = emptyStore("keys.p12");
        assertThatThrownBy(() -> stored(keys, directory.resolve("none.p12").toString()))
                .isInstanceOf(StageFailure.class)
                .hasMessageContaining("rank 1 of 2")
                .hasMessageContaining("spark.ssl.rpc.*")
                .hasMessageContaining("none.p12 (PKCS12) cannot be read");
    }
}
