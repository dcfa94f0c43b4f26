package io.sparklora.pipeline.registry;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.run.ContentKey;
import io.sparklora.pipeline.run.FileEntry;
import io.sparklora.pipeline.run.Manifest;
import io.sparklora.pipeline.run.StageTransaction;
import io.sparklora.pipeline.run.Storage;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.IntFunction;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * What runs and registry need of a store, asked of a real one: {@code bin/check-store} says which. Each racer has a
 * client of its own.
 */
@Tag("storage")
final class StoreTest {
    private static final int RACERS = 8;

    private final Storage storage = client();
    private final Path directory = new Path(System.getProperty("store.location"), "check-" + UUID.randomUUID());

    /** The least that a manifest holds. */
    record Plain(String what, List<FileEntry> files) implements Manifest {
        public Plain {
            files = List.copyOf(files);
        }
    }

    private static Storage client() {
        Configuration hadoop = new Configuration();
        System.getenv()
                .getOrDefault("STORE_SETTINGS", "")
                .lines()
                .filter(setting -> !setting.isBlank())
                .forEach(setting -> hadoop.set(setting.replaceFirst("=.*", ""), setting.replaceFirst("[^=]*=", "")));
        String scheme = new Path(System.getProperty("store.location")).toUri().getScheme();
        hadoop.setBoolean("fs." + scheme + ".impl.disable.cache", true);
        return new Storage(hadoop);
    }

    @AfterEach
    void cleanUp() {
        storage.delete(directory);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** Runs all at once; a racer's failure is an answer. */
    private static <T> List<Object> race(IntFunction<Callable<T>> racer) throws InterruptedException {
        ExecutorService threads = Executors.newFixedThreadPool(RACERS);
        CyclicBarrier start = new CyclicBarrier(RACERS);
        List<Future<T>> futures = new ArrayList<>();
        for (int i = 0; i < RACERS; i++) {
            Callable<T> own = racer.apply(i);
            futures.add(threads.submit(() -> {
                start.await();
                return own.call();
            }));
        }
        threads.shutdown();
        List<Object> answers = new ArrayList<>();
        for (Future<T> future : futures) {
            try {
                answers.add(future.get());
            } catch (ExecutionException e) {
                answers.add(e.getCause());
            }
        }
        return answers;
    }

    @RepeatedTest(5)
    void ofRacingWritersOneCreatesTheFileWhole() throws Exception {
        Path claim = new Path(directory, "claim");
        List<Object> written = race(i -> {
            Storage own = client();
            return () -> own.createIfAbsent(claim, bytes(String.valueOf(i).repeat(10_000)));
        });
        assertThat(written).containsOnlyOnce(true).containsOnly(true, false);
        assertThat(storage.read(claim))
                .isEqualTo(bytes(String.valueOf(written.indexOf(true)).repeat(10_000)));
        assertThat(storage.createIfAbsent(claim, bytes("late"))).isFalse();
        assertThat(storage.describe(directory)).extracting(FileEntry::path).containsExactly("claim");
    }

    @RepeatedTest(5)
    void thePointerIsMovedByOneOfManyAtOnce() throws Exception {
        ContentKey key = ContentKey.of(List.of("run"));
        List<Object> moved = race(i -> {
            Alias own = new Alias(client(), new RegistryLayout(directory, "legal", "champion"), "champion");
            return () -> own.move(Optional.empty(), "v" + i, key);
        });
        Move move = new Alias(storage, new RegistryLayout(directory, "legal", "champion"), "champion")
                .current()
                .orElseThrow();
        assertThat(moved).containsOnlyOnce(move);
        assertThat(moved)
                .filteredOn(answer -> !answer.equals(move))
                .hasSize(RACERS - 1)
                .allSatisfy(answer -> assertThat(answer)
                        .isInstanceOfSatisfying(StageFailure.class, e -> assertThat(e.exitCode())
                                .isEqualTo(ExitCode.PUBLISH_CONFLICT)));
    }

    @Test
    void aStageShowsNothingBeforeItsManifest() {
        Path stage = new Path(directory, "stage");
        try (StageTransaction killed = StageTransaction.begin(storage, stage)) {
            storage.create(new Path(killed.workDirectory(), "part"), bytes("half"));
            assertThat(StageTransaction.committed(storage, stage, Plain.class)).isEmpty();
        }
        try (StageTransaction transaction = StageTransaction.begin(storage, stage)) {
            storage.create(new Path(transaction.workDirectory(), "deep/part"), bytes("whole"));
            transaction.commit(files -> new Plain("first", files));
        }
        assertThat(StageTransaction.committed(storage, stage, Plain.class))
                .hasValueSatisfying(plain ->
                        assertThat(plain.files()).extracting(FileEntry::path).containsExactly("deep/part"));
        storage.delete(new Path(stage, "deep/part"));
        assertThat(StageTransaction.committed(storage, stage, Plain.class)).isEmpty();
    }

    @Test
    void replacesMovesAndLists() {
        Path file = new Path(directory, "a/b");
        storage.replace(file, bytes("old"));
        storage.replace(file, bytes("new"));
        storage.create(new Path(directory, "c/d"), bytes("moved"));
        storage.move(new Path(directory, "c"), new Path(directory, "a"));
        assertThat(storage.describe(directory)).extracting(FileEntry::path).containsExactly("a/d");
        assertThat(storage.length(file)).isEqualTo(-1);
        assertThat(storage.list(new Path(directory, "none"))).isEmpty();
    }
}
