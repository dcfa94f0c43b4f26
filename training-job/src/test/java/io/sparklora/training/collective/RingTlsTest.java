package io.sparklora.training.collective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.netty.buffer.ByteBufUtil;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslProvider;
import io.sparklora.training.collective.CollectiveException.Reason;
import io.sparklora.training.collective.Greeting.Hello;
import io.sparklora.training.collective.StoredCertificates.Store;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.function.Function;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Rings over TLS, and who tries to get into them. */
class RingTlsTest {
    private static final RingSettings SETTINGS = new RingSettings(1024, Duration.ofSeconds(20), Duration.ofSeconds(20));
    private static final RingSettings IMPATIENT = new RingSettings(1024, Duration.ofSeconds(2), Duration.ofSeconds(20));
    private static final char[] PASSWORD = "changeit".toCharArray();

    @TempDir
    Path directory;

    private static List<RingEndpoint> bind(
            int world, RingSettings settings, Function<Membership, LinkProtection> protection) throws IOException {
        List<RingEndpoint> endpoints = new ArrayList<>();
        for (int rank = 0; rank < world; rank++) {
            Membership me = new Membership("run", 0, world, rank);
            endpoints.add(Ranks.bind(me, protection.apply(me), settings));
        }
        return endpoints;
    }

    /** With BoringSSL only where there is one for this platform. */
    private static Function<Membership, LinkProtection> pinned(SslProvider provider) {
        assumeTrue(provider == SslProvider.JDK || OpenSsl.isAvailable());
        return me -> PinnedCertificates.create(me, provider);
    }

    private static long sumOfRanks(Collective collective, long step) {
        long[] values = new long[5003];
        Arrays.setAll(values, i -> (long) i * (collective.rank() + 1));
        collective.sum(step, values);
        return Arrays.hashCode(values);
    }

    private static long expectedSum(int world) {
        long[] values = new long[5003];
        Arrays.setAll(values, i -> (long) i * world * (world + 1) / 2);
        return Arrays.hashCode(values);
    }

    @ParameterizedTest
    @CsvSource({"2,JDK", "3,JDK", "2,OPENSSL", "3,OPENSSL"})
    void givesTheSameSumsByPinnedCertificates(int world, SslProvider provider) throws Exception {
        List<RingEndpoint> endpoints = bind(world, SETTINGS, pinned(provider));
        assertThat(endpoints).extracting(RingEndpoint::fingerprint).doesNotHaveDuplicates();
        List<Long> sums = Ranks.results(Ranks.join(endpoints, collective -> {
            sumOfRanks(collective, 1);
            return sumOfRanks(collective, 2);
        }));
        assertThat(sums).hasSize(world).containsOnly(expectedSum(world));
    }

    @Test
    void givesTheSameSumsByAClustersKeyStores() throws Exception {
        StoredCertificates cluster = cluster();
        List<Long> sums =
                Ranks.results(Ranks.join(bind(3, SETTINGS, me -> cluster), collective -> sumOfRanks(collective, 1)));
        assertThat(sums).hasSize(3).containsOnly(expectedSum(3));
    }

    @Test
    void namesTheKeyStoreThatCannotBeRead() throws Exception {
        Store keys = store("keys.p12", SelfSignedCertificate.create("cluster"));
        Path text = Files.writeString(directory.resolve("trust.p12"), "no store");
        assertThatThrownBy(() -> StoredCertificates.open(
                        keys, Optional.empty(), new Store(text, "PKCS12", Optional.of("changeit"))))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("trust.p12 (PKCS12) cannot be");
    }

    @Test
    void refusesACertificateThatTheTrustStoreDoesNotVouchFor() throws Exception {
        StoredCertificates cluster = cluster();
        StoredCertificates foreign = foreign();
        List<RingEndpoint> endpoints = bind(2, SETTINGS, me -> me.rank() == 0 ? cluster : foreign);
        assertThat(Ranks.failures(Ranks.join(endpoints, collective -> null)))
                .allSatisfy(failure -> assertThat(failure).isInstanceOf(CollectiveException.class))
                .anySatisfy(failure -> assertThat(failure).hasMessageContaining("TLS failed"));
    }

    @ParameterizedTest
    @EnumSource(names = {"JDK", "OPENSSL"})
    void refusesASuccessorThatShowsAnotherCertificateThanItsCard(SslProvider provider) throws Exception {
        List<RingEndpoint> endpoints = bind(2, IMPATIENT, pinned(provider));
        RingEndpoint successor = endpoints.get(1);
        String foreign =
                PinnedTrust.fingerprint(SelfSignedCertificate.create("foreign").certificate());
        try (RingEndpoint me = endpoints.get(0)) {
            CompletableFuture<Collective> other = CompletableFuture.supplyAsync(
                    () -> Ranks.join(successor, new Neighbours(me.address(), me.fingerprint(), me.fingerprint())));
            assertThatThrownBy(
                            () -> Ranks.join(me, new Neighbours(successor.address(), foreign, successor.fingerprint())))
                    .hasMessageContaining("rank 0 of 2")
                    .hasMessageContaining("rank 1 and this rank have no link: TLS failed")
                    .hasMessageContaining("fingerprint must be " + foreign)
                    .extracting(e -> ((CollectiveException) e).reason())
                    .isEqualTo(Reason.REFUSED);
            assertThatThrownBy(other::get).hasRootCauseInstanceOf(Exception.class);
        } finally {
            successor.close();
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"JDK", "OPENSSL"})
    void keepsTrainingWhileStrangersKnock(SslProvider provider) throws Exception {
        List<RingEndpoint> endpoints = bind(2, IMPATIENT, pinned(provider));
        CountDownLatch joined = new CountDownLatch(2);
        CountDownLatch knocked = new CountDownLatch(1);
        List<Future<Long>> ranks = Ranks.join(endpoints, collective -> {
            sumOfRanks(collective, 1);
            joined.countDown();
            knocked.await();
            return sumOfRanks(collective, 2);
        });
        joined.await();
        try {
            for (RingEndpoint endpoint : endpoints) {
                showAnotherCertificate(endpoint);
                showNoCertificate(endpoint);
                speakClearText(endpoint);
                announceTwoGigabytes(endpoint);
                sayNothing(endpoint);
                sayHalfOfAHandshake(endpoint);
            }
        } finally {
            knocked.countDown();
        }
        assertThat(Ranks.results(ranks)).hasSize(2).containsOnly(expectedSum(2));
    }

    private static void showAnotherCertificate(RingEndpoint endpoint) throws Exception {
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(keyStore(SelfSignedCertificate.create("stranger")), PASSWORD);
        refused(tls(endpoint, keys.getKeyManagers()));
    }

    private static void showNoCertificate(RingEndpoint endpoint) throws Exception {
        refused(tls(endpoint, null));
    }

    /** By an alert or, where the door was faster than this side's write, by a closed connection. */
    private static void refused(SSLSocket stranger) throws IOException {
        try (stranger) {
            assertThatThrownBy(() -> {
                        stranger.getOutputStream().write(hello());
                        stranger.getInputStream().read();
                    })
                    .isInstanceOf(IOException.class)
                    .isNotInstanceOf(SocketTimeoutException.class);
        }
    }

    private static void speakClearText(RingEndpoint endpoint) throws IOException {
        try (Socket stranger = open(endpoint)) {
            stranger.getOutputStream().write(hello());
            assertThat(stranger.getInputStream().readAllBytes()).hasSizeLessThan(16);
        }
    }

    private static void announceTwoGigabytes(RingEndpoint endpoint) throws IOException {
        try (Socket stranger = open(endpoint)) {
            stranger.getOutputStream().write(new byte[] {-1, -1, -1, 0x7f, 0, 0, 0, 0});
            assertThat(stranger.getInputStream().readAllBytes()).hasSizeLessThan(16);
        }
    }

    private static void sayNothing(RingEndpoint endpoint) throws IOException {
        try (Socket stranger = open(endpoint)) {
            assertThat(stranger.getInputStream().readAllBytes()).isEmpty();
        }
    }

    /** A record header that states 512 bytes of ClientHello, and the first of them. */
    private static void sayHalfOfAHandshake(RingEndpoint endpoint) throws IOException {
        try (Socket stranger = open(endpoint)) {
            stranger.getOutputStream().write(new byte[] {0x16, 3, 1, 2, 0, 1});
            assertThat(stranger.getInputStream().readAllBytes()).isEmpty();
        }
    }

    private static byte[] hello() {
        return ByteBufUtil.getBytes(Greeting.frame(
                Hello.of(Ranks.place(new Membership("run", 0, 2, 1))).bytes()));
    }

    private static Socket open(RingEndpoint endpoint) throws IOException {
        Socket socket =
                new Socket(InetAddress.getLoopbackAddress(), endpoint.address().getPort());
        socket.setSoTimeout(20_000);
        return socket;
    }

    private static SSLSocket tls(RingEndpoint endpoint, KeyManager[] keys) throws Exception {
        SSLContext context = SSLContext.getInstance("TLSv1.3");
        context.init(keys, new TrustManager[] {new PinnedTrust(endpoint.fingerprint())}, null);
        return (SSLSocket) context.getSocketFactory().createSocket(open(endpoint), "localhost", 0, true);
    }

    private StoredCertificates cluster() throws Exception {
        SelfSignedCertificate cluster = SelfSignedCertificate.create("cluster");
        return StoredCertificates.open(
                store("keys.p12", cluster), Optional.empty(), trust("trust.p12", cluster.certificate()));
    }

    private StoredCertificates foreign() throws Exception {
        SelfSignedCertificate foreign = SelfSignedCertificate.create("foreign");
        return StoredCertificates.open(
                store("foreign.p12", foreign), Optional.empty(), trust("foreign-trust.p12", foreign.certificate()));
    }

    private Store store(String name, SelfSignedCertificate identity) throws Exception {
        return save(name, keyStore(identity));
    }

    private Store trust(String name, Certificate certificate) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        store.setCertificateEntry("cluster", certificate);
        return save(name, store);
    }

    private Store save(String name, KeyStore store) throws Exception {
        Path file = directory.resolve(name);
        try (OutputStream out = Files.newOutputStream(file)) {
            store.store(out, PASSWORD);
        }
        return new Store(file, "PKCS12", Optional.of("changeit"));
    }

    private static KeyStore keyStore(SelfSignedCertificate identity) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        store.setKeyEntry("rank", identity.key(), PASSWORD, new Certificate[] {identity.certificate()});
        return store;
    }
}
