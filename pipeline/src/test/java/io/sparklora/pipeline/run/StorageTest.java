package io.sparklora.pipeline.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.registry.RunDirectory;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class StorageTest {
    private static final int RACERS = 8;

    private final Storage storage = new Storage(new Configuration());

    @TempDir
    private java.nio.file.Path directory;

    private Path path(String name) {
        return new Path(directory.resolve(name).toString());
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Test
    void writesNoFilesOfItsOwnBesideOurs() {
        storage.create(path("a/b"), bytes("x"));
        storage.replace(path("a/b"), bytes("y"));
        storage.createIfAbsent(path("a/c"), bytes("z"));

        assertThat(RunDirectory.files(directory)).containsExactly("a/b", "a/c");
        assertThat(storage.read(path("a/b"))).isEqualTo(bytes("y"));
    }

    @Test
    void ofRacingWritersOneCreatesTheFileWhole() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(RACERS);
        List<Callable<Boolean>> calls = new ArrayList<>();
        for (int i = 0; i < RACERS; i++) {
            byte[] mine = bytes(String.valueOf(i).repeat(10_000));
            calls.add(() -> storage.createIfAbsent(path("claim"), mine));
        }

        int winner = -1;
        List<Future<Boolean>> written = threads.invokeAll(calls);
        threads.shutdown();
        for (int i = 0; i < RACERS; i++) {
            if (written.get(i).get()) {
                assertThat(winner).isNegative();
                winner = i;
            }
        }

        assertThat(storage.read(path("claim")))
                .isEqualTo(bytes(String.valueOf(winner).repeat(10_000)));
        assertThat(RunDirectory.files(directory)).containsExactly("claim");
    }

    @Test
    void movesFilesAndDirectoriesOverWhatIsThere() {
        storage.create(path("from/a"), bytes("new"));
        storage.create(path("to/b"), bytes("old"));
        storage.move(path("from"), path("to"));
        storage.create(path("file"), bytes("1"));
        storage.create(path("other"), bytes("2"));
        storage.move(path("file"), path("other"));

        assertThat(RunDirectory.files(directory)).containsExactly("other", "to/a");
        assertThat(storage.read(path("other"))).isEqualTo(bytes("1"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "file:", "file://"})
    void describesFilesBelowADirectoryHoweverItIsSpelled(String scheme) {
        storage.create(path("d/b c"), bytes("abc"));
        storage.create(path("d/a/x"), bytes(""));
        storage.create(path("d/_hidden/x"), bytes("1"));
        storage.create(path("d/.hidden"), bytes("1"));

        List<FileEntry> files = storage.describe(new Path(scheme + directory.resolve("d")));

        assertThat(files)
                .containsExactly(
                        new FileEntry("a/x", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
                        new FileEntry("b c", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
        assertThat(storage.describe(new Path(directory.resolve("d").toUri()))).isEqualTo(files);
    }

    @Test
    void whatIsMissingIsSaidAsTheQuestionNeeds() {
        assertThat(storage.exists(path("no"))).isFalse();
        assertThat(storage.length(path("no"))).isEqualTo(-1);
        assertThat(storage.length(path(""))).isEqualTo(-1);
        assertThat(storage.list(path("no"))).isEmpty();
        assertThat(storage.find(path("no"))).isEmpty();
        storage.delete(path("no"));
        storage.deleteIfEmpty(path("no"));
        assertThatThrownBy(() -> storage.read(path("no")))
                .isInstanceOfSatisfying(
                        StageFailure.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.RETRYABLE))
                .hasMessageStartingWith("can't read " + path("no"));
    }

    @Test
    void refusesASchemeThatNoFileSystemHas() {
        assertThatThrownBy(() -> storage.exists(new Path("nowhere://a/b")))
                .isInstanceOfSatisfying(
                        StageFailure.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.USAGE))
                .hasMessageContaining("No FileSystem for scheme \"nowhere\"");
    }

    @Test
    void refusesASchemeWhoseClientIsNotThere() {
        assertThatThrownBy(() -> storage.exists(new Path("s3a://a/b")))
                .isInstanceOfSatisfying(
                        StageFailure.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.USAGE))
                .hasMessageContaining("can't open s3a://a/b: a jar of its client is missing in Spark's jars")
                .hasMessageContaining("org.apache.hadoop.fs.s3a.S3AFileSystem");
    }

    /** A client that lies in Spark's jars without one of the jars that it needs. */
    static final class HalfInstalled extends LocalStore {
        @Override
        public void initialize(URI name, Configuration hadoop) {
            throw new NoClassDefFoundError("software/amazon/s3/analyticsaccelerator/Factory");
        }
    }

    @Test
    void refusesASchemeWhoseClientIsHalfThere() {
        Configuration hadoop = new Configuration();
        hadoop.setClass("fs.half.impl", HalfInstalled.class, FileSystem.class);

        assertThatThrownBy(() -> new Storage(hadoop).exists(new Path("half://a/b")))
                .isInstanceOfSatisfying(
                        StageFailure.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.USAGE))
                .hasMessageContaining("NoClassDefFoundError: software/amazon/s3/analyticsaccelerator/Factory");
    }

    @Test
    void takesTheSettingsThatSparkHasForHadoop() {
        Configuration hadoop = HadoopSettings.of(
                java.util.Map.of("spark.hadoop.fs.s3a.endpoint", "http://localhost:9", "spark.app.name", "x"));

        assertThat(hadoop.get("fs.s3a.endpoint")).isEqualTo("http://localhost:9");
        assertThat(hadoop.get("spark.app.name")).isNull();
    }
}
