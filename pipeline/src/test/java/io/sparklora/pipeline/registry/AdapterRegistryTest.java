package io.sparklora.pipeline.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.run.ContentKey;
import io.sparklora.pipeline.run.FileEntry;
import io.sparklora.pipeline.run.Json;
import io.sparklora.pipeline.run.Storage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.hadoop.conf.Configuration;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class AdapterRegistryTest {
    private static final int RACERS = 8;

    private final Storage storage = new Storage(new Configuration());

    @TempDir
    private Path directory;

    private AdapterRegistry registry;
    private Path source;
    private List<FileEntry> files;

    @BeforeEach
    void open() {
        registry = registry();
        source = directory.resolve("source");
        RunDirectory.write(source.resolve("weights"), "w");
        files = storage.describe(hadoop(source));
    }

    private AdapterRegistry registry() {
        return new AdapterRegistry(storage, hadoop(directory.resolve("registry")), "legal", "champion");
    }

    private static org.apache.hadoop.fs.Path hadoop(Path path) {
        return new org.apache.hadoop.fs.Path(path.toUri());
    }

    private Path at(String path) {
        return directory.resolve("registry").resolve("legal").resolve(path);
    }

    private VersionManifest add(String run) {
        return add(registry, run);
    }

    private VersionManifest add(AdapterRegistry to, String run) {
        ContentKey key = TrainedRun.key(run);
        return to.add(
                key,
                hadoop(source),
                files,
                version -> new VersionManifest(
                        1,
                        "legal",
                        version,
                        key,
                        key,
                        key,
                        key,
                        Optional.empty(),
                        Optional.empty(),
                        new VersionManifest.Metrics(1, 2, 1, Optional.empty(), Optional.empty()),
                        Map.of(),
                        "0.1.0",
                        "2026-01-01T00:00:00Z",
                        files,
                        Optional.empty(),
                        "{}"));
    }

    private static void assertRefused(ThrowingCallable action, ExitCode code, String message) {
        assertThatThrownBy(action)
                .isInstanceOfSatisfying(
                        StageFailure.class, e -> assertThat(e.exitCode()).isEqualTo(code))
                .hasMessageContaining(message);
    }

    /** Calls of as many threads, all let go at once. */
    private static <T> List<Future<T>> race(List<Callable<T>> calls) throws InterruptedException {
        CyclicBarrier start = new CyclicBarrier(calls.size());
        ExecutorService threads = Executors.newFixedThreadPool(calls.size());
        try {
            List<Callable<T>> aligned = new ArrayList<>();
            calls.forEach(call -> aligned.add(() -> {
                start.await();
                return call.call();
            }));
            return threads.invokeAll(aligned);
        } finally {
            threads.shutdown();
        }
    }

    @Test
    void racingRunsGetANumberEach() throws Exception {
        List<Callable<VersionManifest>> calls = new ArrayList<>();
        for (int i = 0; i < RACERS; i++) {
            String run = "run" + i;
            calls.add(() -> add(registry(), run));
        }

        List<String> versions = new ArrayList<>();
        for (Future<VersionManifest> added : race(calls)) {
            versions.add(added.get().version());
        }

        assertThat(versions).doesNotHaveDuplicates().hasSize(RACERS);
        assertThat(registry.versions()).containsExactly("v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8");
    }

    @Test
    void racingAttemptsAtOneRunMeetInOneVersion() throws Exception {
        List<Callable<VersionManifest>> calls = new ArrayList<>();
        for (int i = 0; i < RACERS; i++) {
            calls.add(() -> add(registry(), "run"));
        }

        for (Future<VersionManifest> added : race(calls)) {
            assertThat(added.get().version()).isEqualTo("v1");
        }
        assertThat(registry.verified("v1").files()).isEqualTo(files);
        assertThat(RunDirectory.files(at("v1"))).containsExactly("manifest.json", "weights");
    }

    @Test
    void ofRacingMovesOneWins() throws Exception {
        List<Callable<Move>> calls = new ArrayList<>();
        for (int i = 0; i < RACERS; i++) {
            VersionManifest version = add("run" + i);
            calls.add(() -> registry().promote(version, Optional.empty()));
        }

        int won = 0;
        for (Future<Move> move : race(calls)) {
            try {
                move.get();
                won++;
            } catch (java.util.concurrent.ExecutionException e) {
                assertRefused(
                        () -> {
                            throw e.getCause();
                        },
                        ExitCode.PUBLISH_CONFLICT,
                        "was unset when v");
            }
        }

        assertThat(won).isEqualTo(1);
        assertThat(registry.history()).hasSize(1);
    }

    @Test
    void aMoveFromWhereTheAliasNoLongerPointsIsRefused() {
        VersionManifest first = add("a");
        VersionManifest second = add("b");
        Move before = registry.promote(first, Optional.empty());
        registry.promote(second, Optional.of(before));

        assertRefused(
                () -> registry.promote(first, Optional.of(before)),
                ExitCode.PUBLISH_CONFLICT,
                "legal was v1 when v1 was judged but is v2 now: run evaluate again");
        assertThat(registry.champion()).map(Move::version).contains("v2");
    }

    @Test
    void rollingBackKeepsARunPublished() {
        Move first = registry.promote(add("a"), Optional.empty());
        Move second = registry.promote(add("b"), Optional.of(first));
        registry.promote(registry.verified("v1"), Optional.of(second));

        assertThat(registry.champion()).map(Move::version).contains("v1");
        assertThat(registry.byRunKey(TrainedRun.key("b")))
                .map(VersionManifest::version)
                .contains("v2");
        assertThat(registry.byRunKey(TrainedRun.key("c"))).isEmpty();
        assertThat(registry.history()).extracting(Move::version).containsExactly("v1", "v2", "v1");
    }

    @Test
    void aVersionWithoutManifestDoesNotExistAndItsRunGoesOnWithItsNumber() throws IOException {
        add("a");
        Files.delete(at("v1/manifest.json"));
        Files.writeString(at("v1/weights"), "half");

        assertThat(registry.versions()).isEmpty();
        assertRefused(() -> registry.verified("v1"), ExitCode.MISMATCH, "has no version 'v1'");
        assertThat(add("b").version()).isEqualTo("v2");
        assertThat(add("a").version()).isEqualTo("v1");
        assertThat(registry.verified("v1").files()).isEqualTo(files);
    }

    @Test
    void anUnreadableClaimIsSomebodyElses() throws IOException {
        RunDirectory.write(at("claims/v1.json"), "");
        RunDirectory.write(at("v7/manifest.json"), "{}");

        assertThat(add("a").version()).isEqualTo("v8");
        assertThat(Files.readString(at("claims/v1.json"))).isEmpty();
    }

    @Test
    void refusesAVersionWhoseFilesWereChanged() throws IOException {
        add("a");

        Files.writeString(at("v1/weights"), "x");
        assertRefused(() -> registry.verified("v1"), ExitCode.MISMATCH, "v1/weights is damaged: it has SHA-256");
        assertRefused(() -> add("a"), ExitCode.MISMATCH, "is damaged");
        Files.writeString(at("v1/weights"), "xx");
        assertRefused(() -> registry.verified("v1"), ExitCode.MISMATCH, "it has 2 bytes, not 1");
        Files.delete(at("v1/weights"));
        assertRefused(() -> registry.verified("v1"), ExitCode.MISMATCH, "it is missing");
    }

    @Test
    void refusesAManifestOfAnotherVersion() throws IOException {
        add("a");
        Files.copy(at("v1/manifest.json"), Files.createDirectories(at("v2")).resolve("manifest.json"));

        assertRefused(() -> registry.verified("v2"), ExitCode.MISMATCH, "is damaged: it describes legal v1");
    }

    @ParameterizedTest
    @ValueSource(strings = {"v0", "v01", "1", "", "..", "v1/../v1", "v9999999999"})
    void refusesANameThatIsNoVersion(String name) {
        add("a");

        assertRefused(() -> registry.verified(name), ExitCode.MISMATCH, "has no version '" + name + "'");
    }

    @Test
    void refusesAHistoryWithAGap() throws IOException {
        Move first = registry.promote(add("a"), Optional.empty());
        registry.promote(add("b"), Optional.of(first));
        Files.delete(at("aliases/champion/000001.json"));

        assertRefused(registry::champion, ExitCode.MISMATCH, "000002.json must be move 1 of 'champion' but says 2");
    }

    @Test
    void refusesAManifestThatPointsOutOfItsDirectory() throws IOException {
        add("a");
        String manifest = Files.readString(at("v1/manifest.json"));
        Files.writeString(at("v1/manifest.json"), manifest.replace("\"weights\"", "\"../v2/weights\""));

        assertRefused(() -> registry.verified("v1"), ExitCode.MISMATCH, "must lie below it but was '../v2/weights'");
    }

    @Test
    void aClaimHoldsItsRun() throws IOException {
        add("a");

        assertThat(Files.readString(at("claims/v1.json")))
                .isEqualTo(
                        new String(Json.bytes(new AdapterRegistry.Claim(TrainedRun.key("a"))), StandardCharsets.UTF_8));
    }
}
