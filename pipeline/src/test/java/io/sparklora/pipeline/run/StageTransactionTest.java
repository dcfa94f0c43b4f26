package io.sparklora.pipeline.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.registry.RunDirectory;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class StageTransactionTest {
    private final Storage storage = new Storage(new Configuration());

    @TempDir
    private java.nio.file.Path temporary;

    private java.nio.file.Path local;
    private Path directory;

    /** The least that a manifest holds. */
    record Plain(String what, List<FileEntry> files) implements Manifest {
        public Plain {
            files = List.copyOf(files);
        }
    }

    @BeforeEach
    void name() {
        local = temporary.resolve("stage");
        directory = new Path(local.toString());
    }

    private void write(StageTransaction transaction, String file, String text) {
        storage.create(new Path(transaction.workDirectory(), file), text.getBytes(StandardCharsets.UTF_8));
    }

    private Plain commit(String what, String... files) {
        try (StageTransaction transaction = StageTransaction.begin(storage, directory)) {
            for (String file : files) {
                write(transaction, file, what);
            }
            return transaction.commit(found -> new Plain(what, found));
        }
    }

    private Optional<Plain> committed() {
        return StageTransaction.committed(storage, directory, Plain.class);
    }

    /** A store on which a file is not there for a moment, as while it is replaced. */
    static final class Blinking extends LocalStore {
        private final AtomicInteger opened = new AtomicInteger();

        @Override
        public FSDataInputStream open(Path path, int bufferBytes) throws IOException {
            if (opened.getAndIncrement() == 0) {
                throw new FileNotFoundException(path.toString());
            }
            return super.open(path, bufferBytes);
        }
    }

    @Test
    void aManifestThatIsBeingReplacedIsLookedForAgain() {
        commit("whole", "a");
        Configuration hadoop = new Configuration();
        hadoop.setClass("fs.blinking.impl", Blinking.class, FileSystem.class);

        assertThat(StageTransaction.committed(new Storage(hadoop), new Path("blinking://" + directory), Plain.class))
                .hasValueSatisfying(plain -> assertThat(plain.what()).isEqualTo("whole"));
    }

    @Test
    void showsEverythingAtOnceAndLeavesNothingAside() {
        try (StageTransaction transaction = StageTransaction.begin(storage, directory)) {
            write(transaction, "a/b.txt", "x");
            write(transaction, "c.txt", "yy");
            assertThat(committed()).isEmpty();

            transaction.commit(files -> new Plain("first", files));
        }

        Plain plain = committed().orElseThrow();
        assertThat(plain.what()).isEqualTo("first");
        assertThat(plain.files()).extracting(FileEntry::path).containsExactly("a/b.txt", "c.txt");
        assertThat(plain.files()).extracting(FileEntry::bytes).containsExactly(1L, 2L);
        assertThat(RunDirectory.files(local)).containsExactly("a/b.txt", "c.txt", "manifest.json");
        assertThat(local.resolve("manifest.json")).content().endsWith("}\n");
    }

    @Test
    void equalContentGivesEqualBytes() throws IOException {
        commit("same", "b", "a");
        byte[] first = Files.readAllBytes(local.resolve("manifest.json"));
        commit("same", "a", "b");

        assertThat(Files.readAllBytes(local.resolve("manifest.json"))).isEqualTo(first);
    }

    @Test
    void aKilledAttemptIsNotSeenAndTheNextOneGoesOverIt() {
        StageTransaction killed = StageTransaction.begin(storage, directory);
        write(killed, "a.txt", "half");

        assertThat(committed()).isEmpty();
        commit("whole", "a.txt");

        assertThat(committed()).map(Plain::what).contains("whole");
        assertThat(local.resolve("a.txt")).hasContent("whole");
        StageTransaction.sweep(storage, directory);
        assertThat(RunDirectory.files(local)).containsExactly("a.txt", "manifest.json");
    }

    @Test
    void filesWithoutManifestAreWrittenOver() {
        RunDirectory.write(local.resolve("a/old.txt"), "moved before the kill");
        RunDirectory.write(local.resolve("b"), "moved before the kill");

        commit("new", "a/new.txt", "b");

        assertThat(RunDirectory.files(local)).containsExactly("a/new.txt", "b", "manifest.json");
        assertThat(local.resolve("b")).hasContent("new");
    }

    @Test
    void anAttemptThatIsGivenUpLeavesNothing() {
        try (StageTransaction transaction = StageTransaction.begin(storage, directory)) {
            write(transaction, "a.txt", "x");
        }

        assertThat(RunDirectory.files(local)).isEmpty();
    }

    @Test
    void anAttemptNextToAFinishedOneLeavesItBeUntilItCommits() {
        commit("first", "a.txt");
        try (StageTransaction second = StageTransaction.begin(storage, directory)) {
            write(second, "a.txt", "second");

            assertThat(committed()).map(Plain::what).contains("first");
            second.commit(files -> new Plain("second", files));
        }
        assertThat(committed()).map(Plain::what).contains("second");
        assertThat(local.resolve("a.txt")).hasContent("second");
    }

    @Test
    void aFileThatIsMissingOrCutMakesTheStageUndone() throws IOException {
        commit("whole", "a.txt", "b.txt");

        Files.writeString(local.resolve("a.txt"), "who");
        assertThat(committed()).isEmpty();
        Files.delete(local.resolve("a.txt"));
        assertThat(committed()).isEmpty();
        Files.createDirectory(local.resolve("a.txt"));
        Files.writeString(local.resolve("a.txt/a.txt"), "whole");
        assertThat(committed()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            ``                                                               | No content to map
            {"what": "x", "files": [                                         | Unexpected end-of-input
            {"what": "x"}                                                    | files
            {"what": null, "files": []}                                      | what
            {"what": "x", "files": [], "more": 1}                            | Unrecognized field "more"
            {"what": "x", "files": [], "what": "y"}                          | Duplicate field 'what'
            {"what": "x", "files": []} {}                                    | Trailing token
            {"what": "x", "files": [null]}                                   | Plain
            {"what": "x", "files": [{"path": "../a", "bytes": 1, "sha256": ""}]}  | must lie below it but was '../a'
            {"what": "x", "files": [{"path": "/etc/passwd", "bytes": 1, "sha256": ""}]} | must lie below it but was '/etc/passwd'
            {"what": "x", "files": [{"path": "hdfs://h/a", "bytes": 1, "sha256": ""}]} | must lie below it but was 'hdfs://h/a'
            {"what": "x", "files": [{"path": "a", "bytes": -1, "sha256": ""}]} | bytes must be at least 0 but was -1
            """)
    void refusesAHalfWrittenOrHostileManifestInOneLine(String manifest, String message) {
        RunDirectory.write(local.resolve("manifest.json"), manifest);

        assertThatThrownBy(this::committed)
                .isInstanceOfSatisfying(
                        StageFailure.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.MISMATCH))
                .hasMessageContaining("manifest.json is no Plain: ")
                .hasMessageContaining(message)
                .hasMessageNotContaining("\n");
    }
}
